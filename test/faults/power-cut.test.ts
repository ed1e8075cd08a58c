import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis as Client } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type CuttableRedis, startCuttableRedis } from '../support/preload/cuttable-redis.ts';
import { whyNoPreload } from '../support/preload/preload.ts';
import { waitFor } from '../support/wait-for.ts';

const obstacle = await whyNoPreload();
const writerCount = 64;

let dir = '';
let redis: CuttableRedis | undefined;

beforeEach(async (context) => {
  context.skip(obstacle !== undefined, obstacle);
  dir = await mkdtemp(join(tmpdir(), 'power-cut-'));
});

afterEach(async () => {
  await redis?.stop();
  redis = undefined;
  await rm(dir, { recursive: true, force: true });
});

test('the instrument works: with everysec, a power cut loses writes that were acknowledged', async () => {
  const { acknowledged, lost, bytesLost } = await writeThroughPowerCut('everysec');
  expect(acknowledged).toBeGreaterThan(1000);
  expect(bytesLost).toBeGreaterThan(0);
  expect(lost).toBeGreaterThan(0);
});

test('with always, a power cut in the middle of writing loses no acknowledged write', async () => {
  const { acknowledged, lost } = await writeThroughPowerCut('always');
  expect(acknowledged).toBeGreaterThan(1000);
  expect(lost).toBe(0);
});

test('with no sync at all, a kill still loses nothing and a cut loses everything: a kill proves nothing', async () => {
  redis = await startCuttableRedis({ dir, settings: { appendfsync: 'no' } });
  await ask(redis, (client) => client.set('kept', 'in the cache of the operating system'));
  await redis.kill();
  await redis.restart();
  expect(await ask(redis, (client) => client.exists('kept'))).toBe(1);
  await redis.cut();
  await redis.restart();
  expect(await ask(redis, (client) => client.exists('kept'))).toBe(0);
});

/** Writers that each count upwards in a key of their own; the power goes while all of them are writing. */
async function writeThroughPowerCut(appendfsync: string) {
  const server = await startCuttableRedis({ dir, settings: { appendfsync } });
  redis = server;
  const client = connectOnce(server);
  const acknowledged = Array.from({ length: writerCount }, () => 0);
  const writers = acknowledged.map(async (_zero, writer) => {
    try {
      for (let count = 1; ; count++) {
        await client.set(`writer:${writer}`, count);
        acknowledged[writer] = count;
      }
    } catch {
      // The power is gone. What was acknowledged until now is what must be found again.
    }
  });
  const total = () => acknowledged.reduce((sum, count) => sum + count, 0);
  const started = performance.now();
  await waitFor(
    'writers long past the first sync',
    () => ({ total: total(), ms: performance.now() - started }),
    ({ total: written, ms }) => written > 5000 && ms > 1300,
    { deadlineMs: 15_000 },
  );
  const { bytesLost } = await server.cut();
  await Promise.all(writers);
  client.disconnect();
  await server.restart();
  const keys = acknowledged.map((_count, writer) => `writer:${writer}`);
  const found = await ask(server, (survivor) => survivor.mget(keys));
  const lost = acknowledged.reduce(
    (sum, count, writer) => sum + Math.max(0, count - Number(found[writer] ?? 0)),
    0,
  );
  return { acknowledged: total(), lost, bytesLost };
}

async function ask<T>(server: CuttableRedis, question: (client: Client) => Promise<T>): Promise<T> {
  const client = connectOnce(server);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}

/** No reconnection and no resending: an answer that did not come stays one that did not come. */
function connectOnce({ port }: { port: number }): Client {
  const client = new Client(port, '127.0.0.1', { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  return client;
}
