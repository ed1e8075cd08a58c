import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClockedRedis, connectClocked } from '../support/clocked-redis.ts';
import { type GateServer, startGateServer } from '../support/gate-store.ts';
import { compareHistories } from '../support/group-worlds.ts';

const histories = 10_000;

let server: GateServer;
let clock: ClockedRedis;

beforeAll(async () => {
  server = await startGateServer();
  clock = connectClocked(server.server.url);
});
afterAll(async () => {
  clock.redis.disconnect();
  await server.stop();
});

test('in 10,000 random histories a group comes to the same results and the same store as its calls one by one', async () => {
  const differences: string[] = [];
  for (let seed = 1; seed <= histories && differences.length === 0; seed += 1)
    differences.push(...(await compareHistories(clock, server, seed)));
  expect(differences).toEqual([]);
}, 900_000);
