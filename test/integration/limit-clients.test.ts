import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import type { ClientId } from '../../src/domain/ids.ts';
import { type ClientLimit, createClientLimit } from '../../src/ingest/limit-clients.ts';
import { createKeys } from '../../src/store/keys.ts';
import { waitFor } from '../support/wait-for.ts';

const dir = mkdtempSync(join(tmpdir(), 'acc-limit-'));
const ada = 'ada' as ClientId;
const grace = 'grace' as ClientId;
let server: Redis;
let redis: Client;
let faults: unknown[] = [];

beforeAll(async () => {
  server = await startRedis({ dir, port: 0 });
  redis = new Client(server.url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  await waitFor(
    'connected',
    () => redis.status,
    (status) => status === 'ready',
  );
});
afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  faults = [];
  await redis.flushall();
});

/** One process with the slowest refill there is, so that time plays no part: about one token a minute. */
function createLimit(burst: number, ratePerMinute = 1, burden = () => 1): ClientLimit {
  return createClientLimit({
    burden,
    redis,
    keys: createKeys('acc', 1),
    ratePerMinute,
    burst,
    now: () => performance.now(),
    onError: (error) => faults.push(error),
  });
}

/** How many of `count` requests that come at the same instant are let through. */
async function flood(limit: ClientLimit, count: number, client = ada, cost = 1): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: count }, async () => await limit.take(client, cost)),
  );
  return answers.filter(({ allowed }) => allowed).length;
}

async function countCommands(): Promise<number> {
  const info = await redis.info('commandstats');
  return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(info)?.[1] ?? 0);
}

describe('the allowance of a client', () => {
  test('exactly the burst passes a flood, and the rest is told when to come back', async () => {
    const limit = createLimit(50);
    expect(await flood(limit, 200)).toBe(50);
    const refused = await limit.take(ada, 1);
    expect(refused).toMatchObject({ allowed: false, limit: 50, remaining: 0, windowSeconds: 3_000 });
    expect(refused.resetSeconds).toBeGreaterThan(50);
    expect(refused.resetSeconds).toBeLessThanOrEqual(60);
  });

  test('a flood of one client costs another nothing', async () => {
    const limit = createLimit(50);
    await flood(limit, 500);
    expect(await flood(limit, 50, grace)).toBe(50);
  });

  test('is spent faster as the service fills, by each client as by every other', async () => {
    let burden = 5;
    const limit = createLimit(50, 1, () => burden);
    expect(await flood(limit, 200)).toBe(10);
    expect(await flood(limit, 10, grace)).toBe(10);
    expect(await limit.take(grace, 1)).toMatchObject({ allowed: false, remaining: 0 });
    burden = 1_000;
    const lone = 'lone' as ClientId;
    expect(
      await limit.take(lone, 1),
      'more than the whole burst: once, from a whole allowance',
    ).toMatchObject({
      allowed: true,
    });
    expect(await limit.take(lone, 1)).toMatchObject({ allowed: false });
  });

  test('several processes grant no more than the burst between them', async () => {
    const processes = Array.from({ length: 4 }, () => createLimit(40));
    const passed = await Promise.all(processes.map((limit) => flood(limit, 40)));
    const total = passed.reduce((sum, count) => sum + count, 0);
    expect(total).toBeLessThanOrEqual(40);
    // What another process has in hand cannot be had: at most a tenth of the burst each.
    expect(total).toBeGreaterThanOrEqual(40 - 3 * 4);
  });

  test('the allowance comes back with time, at the rate and not faster', async () => {
    const limit = createLimit(10, 6_000);
    const begun = performance.now();
    let passed = 0;
    while (performance.now() - begun < 500) passed += await flood(limit, 5);
    const ms = performance.now() - begun;
    expect(passed).toBeLessThanOrEqual(10 + ms / 10 + 1);
    expect(passed).toBeGreaterThan(10);
  });

  test('a batch larger than the burst passes a whole allowance and is paid for in full', async () => {
    const limit = createLimit(10);
    expect(await flood(limit, 1, ada, 25)).toBe(1);
    const next = await limit.take(ada, 1);
    expect(next.allowed).toBe(false);
    // 25 of 10 taken: 16 tokens, a minute each, until one can be had.
    expect(next.resetSeconds).toBeGreaterThan(15 * 60);
  });

  test('a refusal of much does not refuse little', async () => {
    const limit = createLimit(10);
    await limit.take(ada, 5);
    expect((await limit.take(ada, 8)).allowed).toBe(false);
    expect((await limit.take(ada, 2)).allowed).toBe(true);
  });

  test('most requests ask the store nothing, and a refused client asks it nothing at all', async () => {
    const limit = createLimit(10_000, 600_000);
    await flood(limit, 1);
    const before = await countCommands();
    for (let turn = 0; turn < 500; turn += 1) await limit.take(ada, 1);
    expect((await countCommands()) - before).toBeLessThanOrEqual(12);
    const small = createLimit(5);
    await flood(small, 20, grace);
    const spent = await countCommands();
    await flood(small, 500, grace);
    expect(await countCommands()).toBe(spent);
  });

  test('what was taken in advance and not used goes back', async () => {
    let nowMs = 0;
    const limit = createClientLimit({
      burden: () => 1,
      redis,
      keys: createKeys('acc', 1),
      ratePerMinute: 1,
      burst: 100,
      now: () => nowMs,
      onError: (error) => faults.push(error),
    });
    // Asked for 1, 2, 4 and 8: 15 of which 8 are used.
    for (let turn = 0; turn < 8; turn += 1) await limit.take(ada, 1);
    nowMs += 2_000;
    const { remaining } = await limit.take(ada, 1);
    expect(remaining).toBe(91);
  });

  test('a store that does not answer lets everybody pass, soon, and is not asked again at once', async () => {
    const limit = createLimit(5);
    process.kill(server.pid, 'SIGSTOP');
    try {
      const begun = performance.now();
      expect(await flood(limit, 100)).toBe(100);
      expect(await flood(limit, 100)).toBe(100);
      expect(performance.now() - begun).toBeLessThan(1_500);
      expect(faults).toHaveLength(1);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
  });
});
