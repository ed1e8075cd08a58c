import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import pLimit from 'p-limit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import { toEventId } from '../../src/domain/ids.ts';
import { createJobAdder, type JobAdder } from '../../src/queue/job-adder.ts';
import { createQueueHost, type QueueHost } from '../../src/queue/queue-host.ts';
import { createKeys } from '../../src/store/keys.ts';
import { createRedisClients, type RedisClients } from '../../src/store/redis-clients.ts';
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts';
import { noGroups } from '../support/no-groups.ts';
import { waitFor } from '../support/wait-for.ts';

const keys = createKeys('acc', 1);
const [first, second] = [toEventId(0, 'a'.repeat(24)), toEventId(0, 'b'.repeat(24))];

let dir = '';
let redis: Redis;
let proxy: CuttableProxy;
let clients: RedisClients;
let producer: Client;
let jobs: JobAdder;
let host: QueueHost;
let finishFirst: () => void;
const taken: string[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lost-answers-'));
  redis = await startRedis({ dir, port: 0 });
  proxy = await startCuttableProxy(redis.port);
  producer = new Client(redis.url);
  await waitFor(
    'the producer is connected',
    () => producer.status,
    (status) => status === 'ready',
  );
  jobs = createJobAdder({ redis: producer, keys, onError: () => undefined });
  clients = createRedisClients({
    url: `redis://127.0.0.1:${proxy.port}`,
    commandTimeoutMs: 2_000,
    onError: () => undefined,
  });
  taken.length = 0;
  const firstEnds = new Promise<void>((resolve) => {
    finishFirst = resolve;
  });
  host = createQueueHost({
    queue: 'events',
    queuePrefix: keys.shard(0).queuePrefix,
    connection: clients.createWorkerConnection('plan-events'),
    concurrency: 1,
    places: pLimit(1),
    jobs: noGroups,
    endPoison: async () => await Promise.resolve({ kind: 'done' }),
    handleJob: async (id) => {
      taken.push(id);
      if (id === first) await firstEnds;
      return { kind: 'done' };
    },
    onError: () => undefined,
    now: Date.now,
    monotonicNow: () => performance.now(),
  });
  await host.start();
});
afterEach(async () => {
  await host.stop(1_000);
  clients.close();
  await jobs.close(1_000);
  producer.disconnect();
  await proxy.close();
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

test('REL-2: a worker whose commands were lost with their connection takes the next job when Redis is back', async () => {
  expect(await jobs.ensureEventJob(first)).toBe(true);
  await waitFor(
    'the first job is taken',
    () => taken,
    ({ length }) => length === 1,
  );
  // The word that the job is done leaves the worker and reaches nobody.
  proxy.freeze();
  finishFirst();
  await waitFor(
    'nothing comes back',
    () => proxy.bytesLost(),
    (bytes) => bytes > 0,
  );
  expect(await jobs.ensureEventJob(second)).toBe(true);
  proxy.thaw();
  await waitFor(
    'the second job is taken',
    () => taken,
    (ids) => ids.includes(second),
    { deadlineMs: 20_000 },
  );
}, 40_000);
