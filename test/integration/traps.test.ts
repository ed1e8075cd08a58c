import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { findFreePort } from '../../local/loopback.ts';
import { toMessageId } from '../../src/domain/ids.ts';
import { delayedScoreFactor, readDepths } from '../../src/queue/count-jobs.ts';
import { createJobAdder } from '../../src/queue/job-adder.ts';
import { createQueueHost } from '../../src/queue/queue-host.ts';
import { createKeys } from '../../src/store/keys.ts';
import { startGateServer } from '../support/gate-store.ts';
import { noGroups } from '../support/no-groups.ts';
import { useGateServer } from '../support/use-gate-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** What BullMQ and ioredis do that a reader would not expect, shown on the pinned versions: one test a trap. */
const { server, closers } = useGateServer();

const id = (name: string): ReturnType<typeof toMessageId> => toMessageId(0, name.padStart(24, '0'));
const ignore = (): void => undefined;

function connectBlocking(): Redis {
  const redis = new Redis(server.server.url, { maxRetriesPerRequest: null });
  redis.on('error', ignore);
  closers.push(() => redis.disconnect());
  return redis;
}

test('trap 2: the stall count of a job that is killed twice does not fail it under our host', async () => {
  const keys = await server.openStore();
  const connection = server.connect();
  const queue = new Queue('email', { connection, prefix: keys.shard(0).queuePrefix });
  closers.push(async () => await queue.close());
  await queue.add('message', { v: 1, id: id('a') }, { jobId: `${id('a')}-1` });
  // Two workers die with the job: each is a stall that the next one's sweep counts.
  await connection.hset(`${keys.shard(0).queuePrefix}:email:${id('a')}-1`, 'stc', 2);
  const seen: string[] = [];
  const failed: string[] = [];
  const host = createQueueHost({
    queue: 'email',
    queuePrefix: keys.shard(0).queuePrefix,
    connection: connectBlocking(),
    concurrency: 1,
    places: pLimit(1),
    jobs: noGroups,
    endPoison: async () => await Promise.resolve({ kind: 'done' }),
    handleJob: async (jobId) => {
      seen.push(jobId);
      return await Promise.resolve({ kind: 'done' });
    },
    onError: (what) => failed.push(what),
    now: Date.now,
    monotonicNow: () => performance.now(),
  });
  closers.push(async () => await host.stop(1_000));
  // Left active by a dead worker: no lock, and marked by an earlier sweep.
  await connection.lrem(`${keys.shard(0).queuePrefix}:email:wait`, 0, `${id('a')}-1`);
  await connection.lpush(`${keys.shard(0).queuePrefix}:email:active`, `${id('a')}-1`);
  await connection.sadd(`${keys.shard(0).queuePrefix}:email:stalled`, `${id('a')}-1`);
  await host.start();
  await waitFor(
    'the job',
    () => seen,
    (all) => all.length === 1,
    { deadlineMs: 10_000 },
  );
  expect(failed).toEqual([]);
});

test('trap 2, the other way round: with the default of BullMQ the same job fails', async () => {
  const prefix = (await server.openStore()).shard(0).queuePrefix;
  const connection = server.connect();
  const queue = new Queue('email', { connection, prefix });
  closers.push(async () => await queue.close());
  await queue.add('message', {}, { jobId: 'x-1', attempts: 10 });
  await connection.hset(`${prefix}:email:x-1`, 'stc', 1);
  await connection.lrem(`${prefix}:email:wait`, 0, 'x-1');
  await connection.lpush(`${prefix}:email:active`, 'x-1');
  await connection.sadd(`${prefix}:email:stalled`, 'x-1');
  const worker = new Worker('email', async () => await Promise.resolve(), {
    connection: connectBlocking(),
    prefix,
  });
  worker.on('error', ignore);
  closers.push(async () => await worker.close(true));
  const state = await waitFor(
    'the end',
    async () => await queue.getJobState('x-1'),
    (one) => one === 'failed' || one === 'unknown',
    {
      deadlineMs: 10_000,
    },
  );
  expect(state).toBe('failed');
});

test('traps 3 and 8: a job added twice under its own id is one job, also when an add is sent again', async () => {
  const keys = await server.openStore();
  const redis = server.connect();
  await redis.ping();
  const jobs = createJobAdder({ redis, keys, onError: ignore });
  closers.push(async () => await jobs.close(1_000));
  const job = { id: id('b'), channel: 'email', generation: 1, dueAt: 0 } as const;
  await Promise.all([jobs.addMessageJob(job), jobs.addMessageJob(job), jobs.addMessageJob(job)]);
  expect((await readDepths({ redis, keys })).email.waiting).toBe(1);
  expect(await jobs.ensureMessageJob(job)).toBe(false);
  expect(await jobs.ensureMessageJob({ ...job, generation: 2 })).toBe(true);
  expect((await readDepths({ redis, keys })).email.waiting).toBe(2);
});

test('trap 4: with Redis down from the beginning, an add rejects at once, and works once Redis is there', async () => {
  const port = await findFreePort();
  const redis = new Redis(port, '127.0.0.1', {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
  });
  redis.on('error', ignore);
  closers.push(() => redis.disconnect());
  const keys = createKeys('acc-down', 1);
  const jobs = createJobAdder({ redis, keys, onError: ignore });
  const begun = performance.now();
  await expect(jobs.addMessageJob({ id: id('c'), channel: 'sms', generation: 1, dueAt: 0 })).rejects.toThrow(
    'not connected',
  );
  expect(performance.now() - begun).toBeLessThan(500);
  // The same client, pointed at a server that has come up: no queue of it stayed broken.
  redis.options.port = server.server.port;
  await waitFor(
    'the connection',
    () => redis.status,
    (status) => status === 'ready',
  );
  await jobs.addMessageJob({ id: id('c'), channel: 'sms', generation: 1, dueAt: 0 });
  expect((await readDepths({ redis, keys })).sms.waiting).toBe(1);
  await jobs.close(1_000);
});

test('a job sleeps by the clock of the store, however wrong the clock of its worker is', async () => {
  const keys = await server.openStore();
  const jobs = createJobAdder({ redis: server.connect(), keys, onError: ignore });
  closers.push(async () => await jobs.close(1_000));
  const prefix = keys.shard(0).queuePrefix;
  for (const aheadMs of [3_600_000, -3_600_000]) {
    const connection = connectBlocking();
    const host = createQueueHost({
      queue: 'email',
      queuePrefix: prefix,
      connection,
      concurrency: 1,
      places: pLimit(1),
      jobs: noGroups,
      endPoison: async () => await Promise.resolve({ kind: 'done' }),
      handleJob: async () => await Promise.resolve({ kind: 'later', inMs: 60_000 }),
      onError: ignore,
      now: () => Date.now() + aheadMs,
      monotonicNow: () => performance.now(),
    });
    await host.start();
    const message = id(aheadMs > 0 ? 'd' : 'e');
    const begunAt = Date.now();
    await jobs.addMessageJob({ id: message, channel: 'email', generation: 1, dueAt: 0 });
    const score = await waitFor(
      'the job sleeps',
      async () => await connection.zscore(`${prefix}:email:delayed`, `${message}-1`),
      (found) => found !== null,
    );
    const wakesAt = Number(score) / delayedScoreFactor;
    expect(wakesAt).toBeGreaterThanOrEqual(begunAt + 60_000);
    expect(wakesAt).toBeLessThan(Date.now() + 61_000);
    await host.stop(1_000);
  }
});

test('trap 10: a host lets go at its deadline although Redis is away', async () => {
  const keys = await server.openStore();
  const own = await startGateServer();
  const connection = new Redis(own.server.url, { maxRetriesPerRequest: null });
  connection.on('error', ignore);
  const host = createQueueHost({
    queue: 'sms',
    queuePrefix: keys.shard(0).queuePrefix,
    connection,
    concurrency: 1,
    places: pLimit(1),
    jobs: noGroups,
    endPoison: async () => await Promise.resolve({ kind: 'done' }),
    handleJob: async () => await Promise.resolve({ kind: 'done' }),
    onError: ignore,
    now: Date.now,
    monotonicNow: () => performance.now(),
  });
  await host.start();
  await own.stop();
  const begun = performance.now();
  await host.stop(300);
  expect(performance.now() - begun).toBeLessThan(1_500);
  connection.disconnect();
});
