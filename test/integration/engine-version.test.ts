import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createKeys } from '../../src/store/keys.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts';
import { type GateServer, opening, startGateServer } from '../support/gate-store.ts';

/** O10: the engine that we test with, behind a relay that gives it another version. */
let server: GateServer;
let proxy: CuttableProxy;
let redis: Redis;

beforeAll(async () => {
  server = await startGateServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  proxy = await startCuttableProxy(server.server.port);
  redis = new Redis(proxy.port, '127.0.0.1', { maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
});
afterEach(async () => {
  redis.disconnect();
  await proxy.close();
});

const open = (prefix: string): Promise<string> => openStore(redis, createKeys(prefix, 1), opening);
const version = /redis_version:\d\.\d/;

test.each(['6.0', '5.0', '2.8'])(
  'a store on Redis %s is refused at once, and nothing is written',
  async (old) => {
    proxy.rewordAnswers(version, `redis_version:${old}`);
    await expect(open('old')).rejects.toThrow(
      /^Redis [\d.]+ is too old: this service needs Redis 6\.2 or later/,
    );
    expect(await redis.keys('old*')).toEqual([]);
  },
);

test.each(['6.2', '7.0', '9.9'])('a store on Redis %s is opened', async (good) => {
  proxy.rewordAnswers(version, `redis_version:${good}`);
  expect(await open(`v${good}`)).toBe('created');
});

test('an engine that does not tell its version is taken as it is', async () => {
  proxy.rewordAnswers(version, 'x'.repeat('redis_version:7.0'.length));
  expect(await open('untold')).toBe('created');
});
