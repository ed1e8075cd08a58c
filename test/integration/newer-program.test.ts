import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { readSenderViews, senderReports } from '../../src/deliver/sender-reports.ts';
import { toMessageId } from '../../src/domain/ids.ts';
import { createJobAdder } from '../../src/queue/job-adder.ts';
import { createQueueHost } from '../../src/queue/queue-host.ts';
import { UnreadableRecord } from '../../src/store/unreadable-record.ts';
import {
  type IncidentOpening,
  listIncidents,
  openIncident,
  readIncident,
} from '../../src/watchdog/incidents.ts';
import { noGroups } from '../support/no-groups.ts';
import { useGateServer } from '../support/use-gate-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** LIN-3: what a newer program left beside the records, which tell for themselves (test/e2e/unreadable-records.test.ts). */
const { server, closers } = useGateServer();

test('a job of a newer program is not handled, stays as it is and is told of; those of ours go on', async () => {
  const keys = await server.openStore();
  const redis = server.connect();
  const prefix = keys.shard(0).queuePrefix;
  const queue = new Queue('email', { connection: redis, prefix });
  closers.push(async () => await queue.close());
  const [newer, ours] = [toMessageId(0, '1'.repeat(24)), toMessageId(0, '2'.repeat(24))];
  const data = { v: 3, id: newer, approval: 'asked' };
  await queue.add('message', data, { jobId: `${newer}-1` });
  await queue.add('message', { v: 1, id: ours }, { jobId: `${ours}-1` });
  const [handled, told]: [string[], unknown[]] = [[], []];
  const connection = new Redis(server.server.url, { maxRetriesPerRequest: null });
  closers.push(() => connection.disconnect());
  const host = createQueueHost({
    queue: 'email',
    queuePrefix: prefix,
    connection,
    concurrency: 1,
    places: pLimit(1),
    jobs: noGroups,
    handleJob: async (id) => {
      handled.push(id);
      return await Promise.resolve({ kind: 'done' });
    },
    endPoison: async () => await Promise.reject(new Error('it is no poison')),
    onError: (_what, error) => told.push(error),
    now: Date.now,
    monotonicNow: () => performance.now(),
  });
  closers.push(async () => await host.stop(1_000));
  await host.start();
  await waitFor(
    'ours is handled and the other one sleeps',
    async () => [handled.length, await queue.getJobState(`${newer}-1`)],
    ([count, state]) => count === 1 && state === 'delayed',
  );
  const jobs = createJobAdder({ redis, keys, onError: () => undefined });
  closers.push(async () => await jobs.close(1_000));
  const isAdded = await jobs.ensureMessageJob({ id: newer, channel: 'email', generation: 1, dueAt: 0 });
  expect([handled, told.length, told[0] instanceof UnreadableRecord, isAdded]).toEqual([
    [ours],
    1,
    true,
    false,
  ]);
  expect([await queue.getJobState(`${newer}-1`), (await queue.getJob(`${newer}-1`))?.data]).toEqual([
    'delayed',
    data,
  ]);
});

test('an incident of a newer program is in no list, is refused by name, and stays', async () => {
  const keys = await server.openStore();
  const redis = server.connect();
  const opening: IncidentOpening = {
    id: 'inc-1',
    trigger: 'depth',
    mode: 'act',
    openedAt: new Date().toISOString(),
    says: '',
    detail: '',
    samples: 1,
    samplesMin: 1,
    series: [],
  };
  await openIncident({ redis, keys }, opening, 0);
  const { incident, incidents } = keys.shard(0);
  const newer = JSON.stringify({ ...opening, id: 'inc-2', v: 2 });
  await redis.hset(incident('inc-2'), 'record', newer);
  await redis.zadd(incidents, Date.now(), 'inc-2');
  expect((await listIncidents({ redis, keys }, 10)).map(({ id }) => id)).toEqual(['inc-1']);
  await expect(readIncident({ redis, keys }, 'inc-2')).rejects.toThrow(UnreadableRecord);
  expect([await redis.zcard(incidents), await redis.hget(incident('inc-2'), 'record')]).toEqual([2, newer]);
});

test('a report of a newer sender says nothing here, and is left for those that can read it until it is old', async () => {
  const keys = await server.openStore();
  const redis = server.connect();
  await senderReports.write({ redis, keys }, 'ours', {
    providers: [{ provider: 'smtp-1', breaker: 'closed' }],
  });
  await redis.hset(
    keys.shard(0).senders,
    'newer',
    JSON.stringify({ v: 2, at: Date.now() }),
    'dead',
    JSON.stringify({ v: 2, at: 0 }),
  );
  expect([...(await readSenderViews({ redis, keys })).keys()]).toEqual(['smtp-1']);
  expect((await redis.hkeys(keys.shard(0).senders)).sort()).toEqual(['newer', 'ours']);
});
