import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audiences } from '../../local/issuer.ts';
import { type CounterName, type Counts, sumCounter, tallySlower } from '../../src/domain/fleet-counters.ts';
import { bucketMs, type TriggerName } from '../../src/domain/thresholds.ts';
import { judgeTrigger } from '../../src/domain/trigger-rules.ts';
import { toBucketStart } from '../../src/watchdog/add-to-windows.ts';
import { createWindowReader } from '../../src/watchdog/read-windows.ts';
import { watchdogLeaseMs } from '../../src/watchdog/watch-fleet.ts';
import { type Crowd, createCrowd, signWithIssuerKeys } from '../support/crowd.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * Triggers under a hostile crowd, against real processes: nobody of it fires one or hides one. Each line of `strangers` and
 * of `oneClient` is a member of the crowd; add yours. What each does to the verdicts by itself is in
 * src/domain/crowd.test.ts.
 */
interface World {
  readonly crowd: Crowd;
  /** A token that our issuer signed, for us and of `mallory` unless the claims say otherwise. */
  readonly sign: (claims?: Readonly<Record<string, unknown>>) => Promise<string>;
}

const host = 'Host: x\r\n';
const bearer = (token: string): string => `Authorization: Bearer ${token}\r\n`;
const json = 'Content-Type: application/json\r\n';
const eventBody = JSON.stringify({ idempotency_key: 'crowd', ...anEvent() });
const yearAgo = Math.floor(Date.now() / 1_000) - 31_536_000;
/** A peer takes this long over what it sends: far more than our own part ever is. */
const slownessMs = 2_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whoever does not end its header is cut after ten seconds. */
const slowSenders: Socket[] = [];

const strangers: readonly (readonly [string, (world: World) => Promise<void>])[] = [
  ['asks without a token', async ({ crowd }) => crowd.flood(2, () => crowd.ask('/api/send/status'))],
  [
    'posts without a token',
    async ({ crowd }) => crowd.flood(2, () => crowd.ask('/api/events', { body: eventBody })),
  ],
  [
    'sends garbage for a token',
    async ({ crowd }) => crowd.flood(2, (turn) => crowd.ask('/api/send/status', { token: `a.b.${turn}` })),
  ],
  [
    'forges the signature of our issuer',
    async ({ crowd, sign }) => {
      const [head = '', claims = '', signature = ''] = (await sign()).split('.');
      const forged = `${head}.${claims}.${signature.split('').toReversed().join('')}`;
      crowd.flood(2, () => crowd.ask('/api/send/status', { token: forged }));
    },
  ],
  [
    'sends one real token for others again and again',
    async ({ crowd, sign }) => {
      const token = await sign({ aud: audiences.directory });
      crowd.flood(2, () => crowd.ask('/api/send/status', { token }));
    },
  ],
  [
    'sends many real tokens for others, expired ones too',
    async ({ crowd, sign }) => {
      const tokens = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          sign({
            aud: audiences.directory,
            client_id: `elsewhere-${index}`,
            ...(index % 2 === 0 ? {} : { iat: yearAgo, exp: yearAgo + 60 }),
          }),
        ),
      );
      crowd.flood(2, (turn) => crowd.ask('/api/send/status', { token: tokens[turn % tokens.length] ?? '' }));
    },
  ],
  [
    'pipelines requests and reads nothing',
    async ({ crowd }) => {
      for (let index = 0; index < 20; index += 1)
        await crowd.connect(`GET /openapi.json HTTP/1.1\r\n${host}\r\n`.repeat(50));
    },
  ],
  [
    'never ends its header',
    async ({ crowd }) => {
      for (let index = 0; index < 50; index += 1)
        slowSenders.push(await crowd.connect(`POST /api/events HTTP/1.1\r\n${host}`, { reads: true }));
    },
  ],
  [
    'never ends its body',
    async ({ crowd }) => {
      for (let index = 0; index < 50; index += 1)
        await crowd.connect(`POST /api/events HTTP/1.1\r\n${host}${json}Content-Length: 500\r\n\r\n{`);
    },
  ],
  [
    'leaves before it is answered',
    async ({ crowd }) =>
      crowd.flood(2, async () => {
        const socket = await crowd.connect(`GET /api/send/status HTTP/1.1\r\n${host}\r\n`);
        socket.destroy();
      }),
  ],
  [
    'asks first whether to send its body',
    async ({ crowd }) =>
      crowd.flood(1, () =>
        crowd.ask('/api/events', { body: eventBody, headers: { expect: '100-continue' } }),
      ),
  ],
  ['asks for what is not there', async ({ crowd }) => crowd.flood(1, () => crowd.ask('/api/nothing'))],
  [
    'opens connections and asks nothing',
    async ({ crowd }) => {
      for (let batch = 0; batch < 5; batch += 1)
        await Promise.all(Array.from({ length: 500 }, () => crowd.connect('', { reads: true })));
    },
  ],
  ['asks the canary', async ({ crowd }) => crowd.flood(1, () => crowd.ask('/canary'))],
];

/** One verified client, `mallory`, that does all of it at once. */
const oneClient: readonly (readonly [string, (world: World) => Promise<void>])[] = [
  [
    'sends expired tokens, each another',
    async ({ crowd, sign }) => {
      const expired = { iat: yearAgo, exp: yearAgo + 60 };
      const tokens = await Promise.all(Array.from({ length: 30 }, () => sign(expired)));
      crowd.flood(2, (turn) => crowd.ask('/api/send/status', { token: tokens[turn % tokens.length] ?? '' }));
    },
  ],
  [
    'provokes 500s, where there are any to be had',
    async ({ crowd, sign }) => {
      const token = await sign();
      crowd.flood(2, () => crowd.ask('/api/incidents', { token }));
    },
  ],
  [
    'sends its bodies slowly',
    async ({ crowd, sign }) => {
      const token = await sign();
      crowd.flood(20, async (turn) => {
        const body = JSON.stringify({ idempotency_key: `slow-${turn}`, ...anEvent() });
        const length = `Content-Length: ${Buffer.byteLength(body)}\r\n`;
        const socket = await crowd.connect(
          `POST /api/events HTTP/1.1\r\n${host}${bearer(token)}${json}${length}Connection: close\r\n\r\n${body.slice(0, 9)}`,
          { reads: true },
        );
        await sleep(slownessMs);
        socket.end(body.slice(9));
      });
    },
  ],
  [
    'leaves before it is answered',
    async ({ crowd, sign }) => {
      const token = await sign();
      crowd.flood(2, async () => {
        const socket = await crowd.connect(`GET /api/send/status HTTP/1.1\r\n${host}${bearer(token)}\r\n`);
        socket.destroy();
      });
    },
  ],
  [
    'asks for what it may not',
    async ({ crowd, sign }) => {
      const token = await sign();
      crowd.flood(1, () => crowd.ask('/api/audit', { token }));
    },
  ],
];

const triggers = ['5xx', 'tokens', 'p95'] as const satisfies readonly TriggerName[];
const honestClients = ['scholar', 'ledger'] as const;

let service: Service;
let world: World;
let stopHonest: () => Promise<void>;
/** What honest clients were answered, and how often. */
const answers = new Map<number, number>();
/** Each honest client is many instances, each with a token of its own. */
const honestTokens = new Map<string, readonly string[]>();
const instances = 30;
let honestPath = '/api/send/status';

beforeAll(async () => {
  service = await startService({
    processes: ['api', 'guard'],
    environment: {
      GUARD_5XX: 'act',
      GUARD_P95: 'act',
      GUARD_TOKENS: 'act',
      GUARD_DEPTH: 'act',
      // A store that is away for two seconds is many answers of 503.
      REDIS_COMMAND_TIMEOUT_MS: '300',
    },
  });
  const sign: World['sign'] = (claims = {}) =>
    signWithIssuerKeys(service.issuer, service.issuerKeysDir, {
      client_id: 'mallory',
      sub: 'mallory',
      scope: 'notify.send notify.read',
      ...claims,
    });
  world = { crowd: createCrowd(service.url), sign };
  for (const client of honestClients)
    honestTokens.set(
      client,
      await Promise.all(Array.from({ length: instances }, () => sign({ client_id: client, sub: client }))),
    );
  stopHonest = goOnHonestly();
});
afterAll(async () => {
  await stopHonest?.();
  await world?.crowd.stop();
  await service?.stop();
});

/** Two clients that ask again and again, one connection each, as long as the test lasts. */
function goOnHonestly(): () => Promise<void> {
  const honest = createCrowd(service.url);
  for (const tokens of honestTokens.values())
    honest.flood(1, async (turn) => {
      const status = await honest.ask(honestPath, { token: tokens[turn % instances] ?? '' });
      answers.set(status, (answers.get(status) ?? 0) + 1);
      await sleep(50);
    });
  return () => honest.stop();
}

/** What the fleet has counted since the test began, all of it and what was not written yet. */
async function readSeries() {
  return await createWindowReader(service.redis, service.keys, Date.now).read(
    Date.now() - 300_000,
    Date.now(),
  );
}

async function count(figure: CounterName): Promise<number> {
  return sumCounter(await readSeries(), figure);
}

/** Waits until each of these figures is that large. */
async function waitForCounts(counts: Counts): Promise<void> {
  const names = Object.keys(counts) as CounterName[];
  await waitFor(
    `${JSON.stringify(counts)} in the figures`,
    async () => {
      const series = await readSeries();
      return Object.fromEntries(names.map((name) => [name, sumCounter(series, name)]));
    },
    (seen) => names.every((name) => (seen[name] ?? 0) >= (counts[name] ?? 0)),
    { deadlineMs: 60_000, everyMs: 200 },
  );
}

async function judgeNow(): Promise<Readonly<Record<string, string>>> {
  const series = await readSeries();
  const moment = { atMs: toBucketStart(Date.now()) + bucketMs, sinceMs: 0, samplesMin: 50, depthFloor: 500 };
  return Object.fromEntries(triggers.map((name) => [name, judgeTrigger(name, series, moment).verdict]));
}

async function readLatched(): Promise<readonly string[]> {
  const { body } = await service.call('/api/triggers');
  const shown = body['triggers'] as readonly { readonly trigger: string; readonly latched: boolean }[];
  return shown.filter(({ latched }) => latched).map(({ trigger }) => trigger);
}

async function readOff(): Promise<readonly string[]> {
  const { flags } = (await service.call('/api/control')).body as { flags: Record<string, { value: string }> };
  return Object.entries(flags).flatMap(([flag, { value }]) => (value === 'off' ? [flag] : []));
}

describe('a crowd', { timeout: 120_000 }, () => {
  test('of strangers, and one hostile client, fires nothing', async () => {
    for (const [, play] of [...strangers, ...oneClient]) await play(world);
    // Each kind was there, and is counted as what it is.
    await waitForCounts({
      requests: 150,
      strangers: 200,
      'tokens-garbage': 100,
      'tokens-bad': 10,
      'tokens-repeated': 10,
      'set-aside': 10,
    });
    expect(Object.values(await judgeNow())).not.toContain('fail');
    expect(await count('errors')).toBe(0);
    const { text } = (await service.call('/metrics', { token: null })).body;
    const crowded = /acc_http_connections_closed_total\{why="crowded"\} (\d+)/.exec(String(text))?.[1];
    expect(Number(crowded), 'idle connections beyond their bound').toBeGreaterThan(400);
  });

  test('whose peers are slow lengthens no time of ours', async () => {
    await sleep(slownessMs);
    await waitForCounts({ requests: (await count('requests')) + 50 });
    // A quarter or more of these sent their bodies slowly; a busy machine has its own slow moments.
    const { bad, total } = tallySlower(await readSeries(), 1_000);
    expect(bad / total).toBeLessThan(0.05);
    const { body } = await service.call('/canary', { token: null });
    expect(body['p95_ms']).toBeLessThan(1_000);
  });

  test('and a store that is away for 2.7 seconds latch nothing: it ends by itself', async () => {
    await service.redis.client('PAUSE', 2_700, 'ALL');
    await waitForAnswers(503, 1);
    await waitForAnswers(200, (answers.get(200) ?? 0) + 10);
    await waitForCounts({ outages: 1 });
    expect(await count('errors')).toBe(0);
    expect(Object.values(await judgeNow())).not.toContain('fail');
    expect(await readLatched()).toEqual([]);
    expect(await readOff()).toEqual([]);
  });

  test('hides nothing: real faults of ours fire within two judgements, and are acted on', async () => {
    expect((await service.call('/api/incidents')).body['incidents']).toEqual([]);
    const crowdBefore = await count('strangers');
    // 5xx: what the status notes lie in is of another type, so reading them fails for whoever asks.
    await service.redis.set(service.keys.shard(0).statusNotes, 'spoilt');
    honestPath = '/api/status/notes';
    // p95: another process of the fleet has been slow for five minutes, for two clients. A guard that has just come
    // sees it whole; the one that was there has read most of those minutes already.
    service.processes.get('guard')?.signal('SIGKILL');
    await injectSlowness({ 'ms:500': 100 });
    await service.startProcess('guard');
    const deadline = { deadlineMs: watchdogLeaseMs + 2 * bucketMs + 10_000, everyMs: 300 };
    const latched = await waitFor('5xx and p95', readLatched, (names) => names.length >= 2, deadline);
    expect(latched.toSorted()).toEqual(['5xx', 'p95']);
    expect(await readOff()).toEqual(['send', 'consume']);

    // Tokens: the key goes that every token so far is signed with. A new key makes the API look for those there are.
    await service.issuer.rotateKeys({ dropOld: true });
    service.forgetTokens();
    expect((await service.call('/api/send/status')).status).toBe(200);
    await waitFor('tokens', readLatched, (names) => names.includes('tokens'), deadline);
    expect(await readOff()).toEqual(['send', 'ingest', 'consume']);
    expect((await count('strangers')) - crowdBefore, 'in the middle of the crowd').toBeGreaterThan(100);
    await waitFor(
      'slow senders cut',
      () => slowSenders.filter(({ closed }) => !closed).length,
      (left) => left === 0,
    );
  });
});

async function waitForAnswers(status: number, times: number): Promise<void> {
  await waitFor(
    `${times} answers of ${status}`,
    () => answers.get(status) ?? 0,
    (now) => now >= times,
    { deadlineMs: 30_000 },
  );
}

/** Adds to each bucket of the last five minutes, and to the next ones, what two clients met elsewhere. */
async function injectSlowness(each: Counts): Promise<void> {
  const writes = service.redis.pipeline();
  const shard = service.keys.shard(0);
  const nowMs = toBucketStart(Date.now());
  for (let startMs = nowMs - 300_000; startMs <= nowMs + 3 * bucketMs; startMs += bucketMs)
    for (const [figure, times] of Object.entries(each))
      for (const client of ['elsewhere', 'nearby']) {
        writes.hincrby(shard.fleetCounters(startMs), figure, times);
        writes.hincrby(shard.clientCounters(startMs), `${figure} ${client}`, times);
      }
  await writes.exec();
}
