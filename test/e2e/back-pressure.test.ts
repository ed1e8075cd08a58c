import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startRedis } from '../../local/redis.ts';
import { setFlag } from '../../src/gate/flags.ts';
import { createKeys } from '../../src/store/keys.ts';
import { findBreaches, type Seen } from '../support/contract.ts';
import { anEvent, type Service, type ServiceOptions, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const dir = mkdtempSync(join(tmpdir(), 'acc-pressure-'));
const releases: (() => Promise<unknown>)[] = [];
const keys = createKeys('acc', 1);

afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Only the API: what it accepts stays where it is. */
async function start(options: ServiceOptions = {}): Promise<Service> {
  const service = await startService({ processes: ['api'], ...options });
  releases.push(() => service.stop());
  return service;
}

interface Post {
  readonly body?: string;
  readonly client?: 'upstream' | 'other';
  readonly path?: string;
}

/** Posts one event, or whatever body is given; every answer keeps the contract. */
async function post(service: Service, key: string, given: Post = {}): Promise<Seen & { code: unknown }> {
  const { client = 'upstream', path = '/api/events' } = given;
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await service.token(client)}`,
      ...(path === '/api/events' ? { 'idempotency-key': key } : {}),
    },
    body: given.body ?? JSON.stringify(anEvent()),
  });
  const seen = { status: response.status, headers: response.headers, text: await response.text() };
  expect(findBreaches(seen), seen.text).toEqual([]);
  return { ...seen, code: (JSON.parse(seen.text) as { code?: unknown }).code };
}

async function waitForCode(service: Service, code: string | undefined): Promise<void> {
  let number = 0;
  await waitFor(
    `answer ${code ?? 'accepted'}`,
    async () => (await post(service, `${code}-${(number += 1)}`)).code,
    (seen) => seen === code,
    { deadlineMs: 15_000, everyMs: 100 },
  );
}

/** Record, key, index and job of each event that was accepted: as many of one as of the other. */
async function countParts(redis: Client): Promise<{ events: number; keys: number; open: number }> {
  const count = async (pattern: string): Promise<number> => (await redis.keys(pattern)).length;
  return {
    events: await count('acc:*:event:*'),
    keys: await count('acc:*:idem:*'),
    open: await redis.zcard(keys.shard(0).eventsOpen),
  };
}

async function expectNothingHalf(redis: Client): Promise<number> {
  const parts = await countParts(redis);
  expect(parts).toEqual({ events: parts.events, keys: parts.events, open: parts.events });
  return parts.events;
}

describe('a client past its allowance', () => {
  test('is 429 with RateLimit and Retry-After, while another client is served', async () => {
    const environment = { CLIENT_RATE_PER_MINUTE: '6', CLIENT_BURST: '20' };
    const service = await start({ environment });
    const flood = await Promise.all(Array.from({ length: 60 }, (_, at) => post(service, `flood-${at}`)));
    const refused = flood.filter(({ status }) => status === 429);
    expect(flood.filter(({ status }) => status === 202).length).toBeGreaterThanOrEqual(20);
    expect(flood.filter(({ status }) => status === 202).length).toBeLessThanOrEqual(22);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['rate-limited']));
    for (const { headers } of refused) {
      expect(headers.get('ratelimit-policy')).toBe('"client";q=20;w=200');
      expect(headers.get('ratelimit')).toMatch(/^"client";r=0;t=\d+$/);
    }
    for (let at = 0; at < 10; at += 1) {
      expect((await post(service, `calm-${at}`, { client: 'other' })).status).toBe(202);
    }
    const many = JSON.stringify(
      Array.from({ length: 15 }, (_, at) => ({ id: `b${at}`, source: 't', ...anEvent() })),
    );
    expect((await post(service, '', { client: 'other', path: '/api/events/batch', body: many })).status).toBe(
      429,
    );
    await expectNothingHalf(service.redis);
  });
});

describe('a store that is nearly full', () => {
  test('is 503 over-capacity before Redis refuses, and taken again when there is room', async () => {
    const redis = await startRedis({ dir: join(dir, 'small'), port: 0, settings: { maxmemory: '64mb' } });
    releases.push(() => redis.stop());
    const service = await start({ redisUrl: redis.url });
    expect((await post(service, 'roomy')).status).toBe(202);
    const ballast = Array.from({ length: 48 }, (_, at) => `ballast-${at}`);
    for (const name of ballast) await service.redis.set(name, 'x'.repeat(1024 * 1024));
    await waitForCode(service, 'over-capacity');
    const before = await expectNothingHalf(service.redis);
    expect(await post(service, 'refused', { body: 'not even JSON' })).toMatchObject({
      code: 'over-capacity',
    });
    expect(await expectNothingHalf(service.redis)).toBe(before);
    await service.redis.del(...ballast);
    await waitForCode(service, undefined);
  });

  test('that refuses writes (OOM) is 503 store-unavailable, and nothing is half accepted', async () => {
    const redis = await startRedis({ dir: join(dir, 'full'), port: 0, settings: { maxmemory: '64mb' } });
    releases.push(() => redis.stop());
    // The budget is out of the way, so that Redis itself is met.
    const service = await start({ redisUrl: redis.url, environment: { STORE_MEMORY_SHARE_MAX: '0.999' } });
    expect((await post(service, 'first')).status).toBe(202);
    await service.redis.config('SET', 'maxmemory', '1mb');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => post(service, `full-${at}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    for (const { code } of answers) expect(['store-unavailable', 'over-capacity']).toContain(code);
    expect(answers.map(({ code }) => code)).toContain('store-unavailable');
    expect(await expectNothingHalf(service.redis)).toBe(1);
    await service.redis.config('SET', 'maxmemory', '64mb');
    await waitForCode(service, undefined);
    await expectNothingHalf(service.redis);
  });
});

test('a backlog over its budget is 503 over-capacity, and taken again when it has been worked off', async () => {
  const service = await start({ environment: { BACKLOG_MAX: '10' } });
  for (let at = 0; at < 11; at += 1) await post(service, `backlog-${at}`);
  await waitForCode(service, 'over-capacity');
  await expectNothingHalf(service.redis);
  const { eventsOpen } = keys.shard(0);
  const open = await service.redis.zrange(eventsOpen, '0', '-1');
  // 10 is within the budget, and still too near to it to open again.
  await service.redis.zrem(eventsOpen, ...open.slice(10));
  expect((await post(service, 'edge')).code).toBe('over-capacity');
  await service.redis.zrem(eventsOpen, ...open);
  await waitForCode(service, undefined);
});

test('a store that has become a read-only replica is 503 store-unavailable, and nothing is half accepted', async () => {
  const primary = await startRedis({ dir: join(dir, 'primary'), port: 0 });
  releases.push(() => primary.stop());
  const redis = await startRedis({
    dir: join(dir, 'replica'),
    port: 0,
    settings: { 'replica-read-only': 'yes' },
  });
  releases.push(() => redis.stop());
  const service = await start({ redisUrl: redis.url });
  expect((await post(service, 'before')).status).toBe(202);
  // The replica takes over what the primary has: give it our store first.
  const other = new Client(primary.url);
  releases.push(async () => other.disconnect());
  await other.replicaof('127.0.0.1', String(redis.port));
  await waitFor(
    'in step',
    async () => (await countParts(other)).events,
    (events) => events === 1,
    { deadlineMs: 20_000 },
  );
  await other.replicaof('NO', 'ONE');
  await service.redis.replicaof('127.0.0.1', String(primary.port));
  await waitFor(
    'a replica',
    () => service.redis.info('replication'),
    (info) => info.includes('master_link_status:up'),
    { deadlineMs: 20_000 },
  );
  await waitForCode(service, 'store-unavailable');
  expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${service.url}/livez`)).status).toBe(200);
  expect(await expectNothingHalf(service.redis)).toBe(1);
  await service.redis.replicaof('NO', 'ONE');
  await waitForCode(service, undefined);
});

test('while ingestion is paused a post is 503 before its body is looked at, and costs nothing of the allowance', async () => {
  const service = await start({ environment: { CLIENT_RATE_PER_MINUTE: '1', CLIENT_BURST: '5' } });
  const change = { flag: 'ingest', actor: 'test', reason: 'a look at the brakes' } as const;
  await setFlag({ redis: service.redis, keys, now: Date.now }, { ...change, value: 'off' });
  await waitFor(
    'paused',
    () => post(service, 'x', { body: 'not JSON at all' }),
    ({ code }) => code === 'ingestion-paused',
  );
  for (let at = 0; at < 10; at += 1) {
    const path = at % 2 === 0 ? '/api/events' : '/api/events/batch';
    const seen = await post(service, `paused-${at}`, { path, body: '{{{' });
    expect(seen).toMatchObject({ status: 503, code: 'ingestion-paused' });
    expect(Number(seen.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(await expectNothingHalf(service.redis)).toBe(0);
  const epoch = Number(await service.redis.hget(keys.shard(0).gate, 'epoch'));
  await setFlag({ redis: service.redis, keys, now: Date.now }, { ...change, value: 'on', seenEpoch: epoch });
  await waitFor(
    'resumed',
    () => post(service, 'after'),
    ({ status }) => status === 202,
  );
});
