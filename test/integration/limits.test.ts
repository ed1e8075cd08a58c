import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setFlag } from '../../src/gate/flags.ts';
import type { Limits } from '../../src/gate/limits.ts';
import { type AttemptEnd, createPermits, type PermitResult, type Permits } from '../../src/gate/permits.ts';
import type { Keys } from '../../src/store/keys.ts';
import type { MessageRecord } from '../../src/store/message-record.ts';
import { type ClockedRedis, connectClocked } from '../support/clocked-redis.ts';
import {
  createMessage,
  type GateServer,
  type NewMessage,
  noLimits,
  readMessage,
  startGateServer,
} from '../support/gate-store.ts';

/** Eight clients with connections of their own, on one real Redis whose scripts take the time from the test. */
const clientCount = 8;
const startMs = Date.UTC(2026, 10, 20, 12);
const dayMs = 86_400_000;

let server: GateServer;
let clocks: ClockedRedis[] = [];
let redis: Redis;
let keys: Keys;
let nowMs = startMs;

beforeAll(async () => {
  server = await startGateServer();
  clocks = Array.from({ length: clientCount }, () => connectClocked(server.server.url));
  redis = server.connect();
});
afterAll(async () => {
  for (const clock of clocks) clock.redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  keys = await server.openStore();
  await setNow(startMs);
});

async function setNow(ms: number): Promise<void> {
  nowMs = ms;
  await clocks[0]?.setNow(ms);
}

function fleet(limits: Partial<Limits>): Permits[] {
  return clocks.map((clock) =>
    createPermits({
      redis: clock.redis,
      keys,
      limits: noLimits(limits),
      claimMs: 20_000,
      retentionMs: 3_600_000,
      now: () => nowMs,
    }),
  );
}

function one(limits: Partial<Limits>): Permits {
  const [first] = fleet(limits);
  if (first === undefined) throw new Error('no client');
  return first;
}

async function make(given: NewMessage = {}): Promise<MessageRecord> {
  return await createMessage(redis, keys, { createdAt: startMs, ...given });
}

async function ask(permits: Permits, message: MessageRecord, segments = 1): Promise<PermitResult> {
  return await permits.ask({ message, provider: 'p', segments, rehearse: false });
}

/** Every client asks for messages of its own at once, for as long as `rounds` of the clock, and notes its grants. */
async function hammer(
  limits: Partial<Limits>,
  given: (client: number, index: number) => NewMessage,
  stepsMs: readonly number[],
): Promise<number[]> {
  const clients = fleet(limits);
  const grants: number[] = [];
  let made = 0;
  for (const stepMs of stepsMs) {
    await Promise.all(
      clients.map(async (permits, client) => {
        const message = await make(given(client, made++));
        const answer = await ask(permits, message);
        if (answer.kind === 'go') grants.push(nowMs);
      }),
    );
    await setNow(nowMs + stepMs);
  }
  return grants;
}

/** The most grants in any half-open window of `spanMs`. */
function findFullest(grants: readonly number[], spanMs: number): number {
  return Math.max(0, ...grants.map((from) => grants.filter((at) => at >= from && at < from + spanMs).length));
}

const edges = [
  59_999, 1, 249, 1, 1, 1, 59_000, 1_000, 250, 20_000, 20_000, 20_250, 1, 7_000, 7_000, 46_249, 1, 1,
];

describe('sliding windows', () => {
  test('with eight clients at the edge, no minute over the fleet holds more than the limit, and it is used up', async () => {
    const grants = await hammer({ perMinute: 10 }, () => ({}), edges);
    expect(findFullest(grants, 60_000)).toBe(10);
    expect(grants.length).toBeGreaterThan(25);
  });

  test('a permit may be used late by its deadline: a minute of bytes holds the limit too', async () => {
    const grants = await hammer({ perMinute: 10, permitDeadlineMs: 250 }, () => ({}), edges);
    expect(findFullest(grants, 60_250)).toBe(10);
  });

  test('each channel has its own', async () => {
    const bySms = (client: number): NewMessage => (client % 2 === 0 ? { channel: 'sms' } : {});
    const permits = fleet({ perMinuteByChannel: { sms: 2 } });
    const answers = await Promise.all(
      permits.map(async (each, client) => await ask(each, await make(bySms(client)))),
    );
    expect(answers.map(({ kind }) => kind).sort()).toEqual([
      ...Array<string>(6).fill('go'),
      'wait-here',
      'wait-here',
    ]);
  });

  test('each domain of a recipient has its own, and does not keep others from passing', async () => {
    const permits = fleet({ perMinuteByDomain: 1 });
    const to = (client: number): string => `c${client}@${client < 6 ? 'busy' : `calm${client}`}.test`;
    const answers = await Promise.all(
      permits.map(async (each, client) => await ask(each, await make({ to: to(client) }))),
    );
    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(3);
    expect(answers.filter(({ kind }) => kind === 'wait-later')).toHaveLength(5);
  });

  test('the wait that is answered is exact: asked then it goes, asked a millisecond before it does not', async () => {
    const permits = one({ perMinute: 2 });
    for (const stepMs of [0, 1_234]) {
      await setNow(nowMs + stepMs);
      expect((await ask(permits, await make())).kind).toBe('go');
    }
    const message = await make();
    const refused = await ask(permits, message);
    if (refused.kind !== 'wait-here') throw new Error(refused.kind);
    await setNow(nowMs + refused.ms - 1);
    expect(await ask(permits, message)).toMatchObject({ kind: 'wait-here', ms: 1 });
    await setNow(nowMs + 1);
    expect((await ask(permits, message)).kind).toBe('go');
  });

  test('with a limit that was lowered, the wait is until enough has left', async () => {
    for (let count = 0; count < 4; count += 1) {
      expect((await ask(one({ perMinute: 4 }), await make())).kind).toBe('go');
      await setNow(nowMs + 1_000);
    }
    const refused = await ask(one({ perMinute: 2 }), await make());
    expect(refused).toMatchObject({ kind: 'wait-here', ms: startMs + 2_000 + 60_250 - nowMs });
  });

  test('a limit of nothing lets nothing pass, and is no fault', async () => {
    expect(await ask(one({ perMinute: 0 }), await make())).toEqual({
      kind: 'wait-here',
      ms: 60_250,
      why: 'all',
    });
  });

  test('an attempt that failed counts against the window; a permit given back does not', async () => {
    const permits = one({ perMinute: 1 });
    const first = await ask(permits, await make());
    if (first.kind !== 'go') throw new Error(first.kind);
    await permits.giveBack(first.claim, 'stopped');
    const second = await ask(permits, await make());
    if (second.kind !== 'go') throw new Error(second.kind);
    await permits.commit(second.claim, failedEnd({}));
    expect((await ask(permits, await make())).kind).toBe('wait-here');
  });

  test('a refused permit costs no attempt', async () => {
    const permits = one({ perMinute: 1 });
    await ask(permits, await make());
    const message = await make();
    for (let times = 0; times < 5; times += 1) expect((await ask(permits, message)).kind).toBe('wait-here');
    expect(await readMessage(redis, keys, message.id)).toMatchObject({ state: 'queued', attempts: 0 });
  });
});

describe('one recipient', () => {
  const to = 'somebody@example.com';

  test('of eight messages at once one leaves, and the next after the interval', async () => {
    const limits = { intervalMs: { transactional: 30_000, promotional: 0 } };
    const answers = await Promise.all(fleet(limits).map(async (each) => await ask(each, await make({ to }))));
    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(1);
    expect(answers.filter((answer) => 'why' in answer && answer.why === 'interval')).toHaveLength(7);
    await setNow(nowMs + 29_999);
    expect(await ask(one(limits), await make({ to }))).toMatchObject({ ms: 1, why: 'interval' });
    await setNow(nowMs + 1);
    expect((await ask(one(limits), await make({ to }))).kind).toBe('go');
  });

  test('an interval of weeks holds the message for a person to see', async () => {
    const limits = { intervalMs: { transactional: 0, promotional: 56 * dayMs } };
    expect((await ask(one(limits), await make({ to, category: 'promotional' }))).kind).toBe('go');
    await setNow(nowMs + 10 * dayMs);
    expect(await ask(one(limits), await make({ to, category: 'promotional' }))).toEqual({
      kind: 'held',
      reason: 'interval',
    });
    expect((await ask(one(limits), await make({ to }))).kind).toBe('go');
  });

  test('the daily cap counts over the fleet and begins anew at midnight', async () => {
    const limits = { recipientDailyCap: 3 };
    const answers = await Promise.all(fleet(limits).map(async (each) => await ask(each, await make({ to }))));
    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(3);
    expect(answers.find(({ kind }) => kind !== 'go')).toEqual({
      kind: 'wait-later',
      ms: dayMs / 2,
      why: 'daily-cap',
    });
    await setNow(nowMs + dayMs / 2);
    expect((await ask(one(limits), await make({ to }))).kind).toBe('go');
  });

  test('a permit taken before midnight and given back after it leaves the new day alone', async () => {
    const permits = one({ recipientDailyCap: 1 });
    await setNow(startMs + dayMs / 2 - 1);
    const early = await ask(permits, await make({ to }));
    if (early.kind !== 'go') throw new Error(early.kind);
    await setNow(nowMs + 2);
    expect((await ask(permits, await make({ to }))).kind).toBe('go');
    await permits.giveBack(early.claim, 'stopped');
    expect(await ask(permits, await make({ to }))).toMatchObject({ why: 'daily-cap' });
  });

  test('after a failure the pause doubles, and a good delivery forgets it', async () => {
    const permits = one({ recipientBackOffMs: 1_000 });
    for (const pauseMs of [1_000, 2_000, 4_000]) {
      const answer = await ask(permits, await make({ to }));
      if (answer.kind !== 'go') throw new Error(answer.kind);
      await permits.commit(answer.claim, failedEnd({ blamesRecipient: true }));
      expect(await ask(permits, await make({ to }))).toMatchObject({
        ms: pauseMs,
        why: 'recipient-back-off',
      });
      await setNow(nowMs + pauseMs);
    }
  });
});

test('what no provider saw counts against no limit, and no recipient', async () => {
  const permits = one({ recipientBackOffMs: 1_000, perMinute: 1, perDay: 1 });
  const message = await make();
  const answer = await ask(permits, message);
  if (answer.kind !== 'go') throw new Error(answer.kind);
  await permits.commit(answer.claim, failedEnd({ isUnseen: true, retryInMs: 0 }));
  expect(await ask(permits, message)).toMatchObject({ kind: 'go' });
});

describe('a provider that asks for less', () => {
  test('is left alone by every worker until its Retry-After is over, and the longest counts', async () => {
    const permits = fleet({});
    const [first, second] = permits;
    if (first === undefined || second === undefined) throw new Error('no clients');
    for (const [client, blockProviderMs] of [
      [first, 30_000],
      [second, 5_000],
    ] as const) {
      // Both were granted before either was told to slow down.
      await redis.del(keys.shard(0).provider('p'));
      const answer = await ask(client, await make());
      if (answer.kind !== 'go') throw new Error(answer.kind);
      if (client === second) await redis.hset(keys.shard(0).provider('p'), 'blockedUntil', nowMs + 30_000);
      await client.commit(answer.claim, failedEnd({ blockProviderMs }));
    }
    const answers = await Promise.all(permits.map(async (each) => await ask(each, await make())));
    for (const answer of answers)
      expect(answer).toEqual({ kind: 'wait-later', ms: 30_000, why: 'provider-back-off' });
    const other = await first.ask({ message: await make(), provider: 'other', segments: 1, rehearse: false });
    expect(other.kind).toBe('go');
  });
});

describe('caps', () => {
  test('of a day: exactly so many leave, the rest are held, and another day has its own', async () => {
    const grants = await hammer({ perDay: 5 }, () => ({}), [1, 1]);
    expect(grants).toHaveLength(5);
    expect(await ask(one({ perDay: 5 }), await make())).toEqual({ kind: 'held', reason: 'cap' });
    await setNow(nowMs + dayMs);
    expect((await ask(one({ perDay: 5 }), await make())).kind).toBe('go');
  });

  test('of a run: a stop and a start begin a new one', async () => {
    expect(await hammer({ perRun: 3 }, () => ({}), [1])).toHaveLength(3);
    const change = { flag: 'send', actor: 'a', reason: 'r' } as const;
    await setFlag({ redis, keys, now: Date.now }, { ...change, value: 'off' });
    await setFlag({ redis, keys, now: Date.now }, { ...change, value: 'on', seenEpoch: 2 });
    expect(await hammer({ perRun: 3 }, () => ({}), [1])).toHaveLength(3);
  });

  test('of 0 lets nothing leave', async () => {
    expect(await ask(one({ perDay: 0 }), await make())).toEqual({ kind: 'held', reason: 'cap' });
    expect(await ask(one({ perRun: 0 }), await make())).toEqual({ kind: 'held', reason: 'cap' });
  });

  test('a client whose clock is in another day counts in the day of the store, and asks no more often for it', async () => {
    const astray = createPermits({
      redis: clocks[1]?.redis ?? redis,
      keys,
      limits: noLimits({ perDay: 1 }),
      claimMs: 20_000,
      retentionMs: 3_600_000,
      now: () => nowMs + dayMs,
    });
    expect(await ask(astray, await make())).toMatchObject({ kind: 'go' });
    expect(await ask(one({ perDay: 1 }), await make())).toEqual({ kind: 'held', reason: 'cap' });
    expect(await ask(astray, await make())).toEqual({ kind: 'held', reason: 'cap' });
  });

  test('of money for SMS: segments cost, what was not sent is refunded, and the budget is never passed', async () => {
    const limits = { smsPrices: new Map([['1', 0.1]]), smsDailyBudget: 0.5 };
    const permits = one(limits);
    const sms = async (number: number): Promise<MessageRecord> =>
      await make({ channel: 'sms', to: `+155555501${String(number).padStart(2, '0')}` });
    const first = await ask(permits, await sms(1), 3);
    if (first.kind !== 'go') throw new Error(first.kind);
    expect(await ask(permits, await sms(2), 3)).toEqual({ kind: 'held', reason: 'cap' });
    await permits.commit(first.claim, failedEnd({}));
    const clients = fleet(limits);
    const answers = await Promise.all(
      clients.map(async (each, client) => await ask(each, await sms(10 + client), 2)),
    );
    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(2);
    expect((await ask(permits, await sms(3), 1)).kind).toBe('go');
    expect(await ask(permits, await sms(4), 1)).toEqual({ kind: 'held', reason: 'cap' });
  });

  test('a text to a country without a price is refused', async () => {
    expect(await ask(one({}), await make({ channel: 'sms', to: '+4415555550100' }))).toEqual({
      kind: 'held',
      reason: 'sms-country',
    });
  });
});

function failedEnd(given: Partial<AttemptEnd>): AttemptEnd {
  return {
    to: 'retrying',
    reason: 'busy',
    line: { number: 1, provider: 'p', outcome: 'not-sent', detail: '', durationMs: 1 },
    fields: {},
    retryInMs: 0,
    undo: true,
    ...given,
  };
}
