import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FlagName } from '../../src/domain/flags.ts';
import type { MessageId } from '../../src/domain/ids.ts';
import { appendAudit } from '../../src/gate/audit-chain.ts';
import { readGate, setFlag } from '../../src/gate/flags.ts';
import type { Limits } from '../../src/gate/limits.ts';
import { createMessageDecisions } from '../../src/gate/message-decisions.ts';
import {
  type AttemptEnd,
  type Claim,
  createPermits,
  type PermitResult,
  type Permits,
} from '../../src/gate/permits.ts';
import { countInFlight, stopSending } from '../../src/gate/stop-sending.ts';
import { verifyAudit } from '../../src/gate/verify-audit.ts';
import { createKeys, type Keys } from '../../src/store/keys.ts';
import type { MessageRecord } from '../../src/store/message-record.ts';
import { openStore } from '../../src/store/open-store.ts';
import {
  createMessage,
  createWatch,
  dumpStore,
  type GateServer,
  type NewMessage,
  noLimits,
  opening,
  readMessage,
  startGateServer,
} from '../support/gate-store.ts';
import { waitFor } from '../support/wait-for.ts';

let server: GateServer;
let redis: Redis;
let keys: Keys;

const retentionMs = 3_600_000;

beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
});
afterAll(async () => await server.stop());
beforeEach(async () => {
  keys = await server.openStore();
});

const sentEnd: AttemptEnd = {
  to: 'sent',
  reason: '',
  line: { number: 1, provider: 'p', outcome: 'accepted', detail: '', durationMs: 1 },
  fields: { providerRef: 'ref' },
  undo: false,
};

function permitsWith(
  limits: Partial<Limits> = {},
  options: { claimMs?: number; redis?: Redis } = {},
): Permits {
  return createPermits({
    redis: options.redis ?? redis,
    keys,
    limits: noLimits(limits),
    claimMs: options.claimMs ?? 20_000,
    retentionMs,
    now: Date.now,
  });
}

const decisions = (): ReturnType<typeof createMessageDecisions> =>
  createMessageDecisions({ redis, keys, retentionMs });

async function ask(
  message: MessageRecord,
  permits = permitsWith(),
  given: { rehearse?: boolean; segments?: number; provider?: string } = {},
): Promise<PermitResult> {
  const { rehearse = false, segments = 1, provider = 'p' } = given;
  return await permits.ask({ message, provider, segments, rehearse });
}

async function claim(message: MessageRecord, permits = permitsWith()): Promise<Claim> {
  const answer = await ask(message, permits);
  if (answer.kind !== 'go') throw new Error(`no permit: ${JSON.stringify(answer)}`);
  return answer.claim;
}

async function make(given: NewMessage = {}): Promise<MessageRecord> {
  return await createMessage(redis, keys, given);
}

async function stateOf(id: MessageId): Promise<string> {
  return (await readMessage(redis, keys, id)).state;
}

async function set(flag: FlagName, value: 'on' | 'off', until?: number): Promise<void> {
  const seenEpoch = (await readGate(redis, keys))?.epoch ?? 0;
  const change = { flag, value, actor: 'test', reason: 'test', seenEpoch };
  const answer = await setFlag(
    { redis, keys, now: Date.now },
    until === undefined ? change : { ...change, until },
  );
  if (answer.kind !== 'done') throw new Error(answer.kind);
}

describe('permit', () => {
  test('an open message under an open gate gets a claim with owner, epoch and attempt', async () => {
    const message = await make();
    const { mark, attempt, owner } = await claim(message);
    expect({ epoch: mark.epoch, attempt }).toEqual({ epoch: 1, attempt: 1 });
    expect(await readMessage(redis, keys, message.id)).toMatchObject({
      state: 'claimed',
      owner,
      attempts: 1,
    });
    expect(await countInFlight({ redis, keys })).toBe(1);
  });

  test.each<[string, (message: MessageRecord) => Promise<unknown>, object]>([
    ['claimed by another worker', claim, { kind: 'claimed-elsewhere' }],
    [
      'already sent',
      async (m) => await permitsWith().commit(await claim(m), sentEnd),
      { kind: 'ended', state: 'sent' },
    ],
    ['held', async (m) => await decisions().hold(m.id, 'promo', '{}'), { kind: 'ended', state: 'held' }],
    ['gone', async (m) => await redis.del(keys.of(m.id).message(m.id)), { kind: 'ended', state: 'gone' }],
    [
      'suppressed',
      async (m) => await redis.hset(keys.of(m.id).suppression(m.channel, m.toHash), 'reason', 'bounced'),
      { kind: 'suppressed', reason: 'bounced' },
    ],
    [
      'not due',
      async (m) => await redis.hset(keys.of(m.id).message(m.id), 'sendAt', Date.now() + 60_000),
      { kind: 'wait-later', why: 'not-due' },
    ],
    [
      'past its not_after',
      async (m) => await redis.hset(keys.of(m.id).message(m.id), 'notAfter', Date.now() - 1),
      { kind: 'expired' },
    ],
    [
      'sent to a provider that asked for less',
      async () => await redis.hset(keys.central.provider('p'), 'blockedUntil', Date.now() + 60_000),
      { kind: 'wait-later', why: 'provider-back-off' },
    ],
  ])('a message that is %s is answered so', async (_name, prepare, answer) => {
    const message = await make();
    await prepare(message);
    expect(await ask(message)).toMatchObject(answer);
  });

  test.each<[FlagName]>([['send'], ['send:email'], ['send:transactional']])(
    '%s off means held',
    async (flag) => {
      await set(flag, 'off');
      expect(await ask(await make())).toEqual({ kind: 'held', reason: 'stopped' });
    },
  );

  test.each<[string, string]>([
    ['send', 'ON'],
    ['send', 'true'],
    ['send', ''],
    ['send:email', 'on '],
    ['epoch', 'seven'],
    ['until:send', 'tomorrow'],
    ['until:send:email', '1'],
  ])(
    'a gate whose %s reads "%s" means stopped, for the permit and for who reads it',
    async (field, value) => {
      for (const { gate } of keys.all) await redis.hset(gate, field, value);
      expect(await ask(await make())).toEqual({ kind: 'held', reason: 'stopped' });
      const watch = createWatch(server, { redis, keys, now: Date.now });
      await watch.start();
      expect(watch.isOn('send', 'send:email')).toBe(false);
      expect(watch.stopSignal('email').aborted).toBe(true);
      await watch.stop();
    },
  );

  test.each(['send', 'send:email', 'send:transactional'])(
    'a gate without %s means stopped',
    async (field) => {
      for (const { gate } of keys.all) await redis.hdel(gate, field);
      expect(await ask(await make())).toEqual({ kind: 'held', reason: 'stopped' });
    },
  );

  test('a gate that is gone means stopped, and opening the store again does not bring it back', async () => {
    for (const { gate } of keys.all) await redis.del(gate);
    expect(await ask(await make())).toEqual({ kind: 'held', reason: 'stopped' });
    expect(await openStore(redis, keys, opening)).toBe('opened');
    expect(await ask(await make())).toEqual({ kind: 'held', reason: 'stopped' });
    expect(
      await setFlag(
        { redis, keys, now: Date.now },
        { flag: 'send', value: 'on', actor: 'a', reason: 'r', seenEpoch: 1 },
      ),
    ).toEqual({ kind: 'gate-missing' });
  });

  test('a pause of consumers that was set to end by itself is strict in the permit too', async () => {
    await set('consume:email', 'on', Date.now() - 1);
    expect(await ask(await make())).toMatchObject({ kind: 'wait-later', why: 'consumers-paused' });
  });

  test('a rehearsal uses nothing up and says what a real send would have met', async () => {
    const limits = { perMinute: 1, perDay: 1 };
    const permits = permitsWith(limits);
    const message = await make();
    expect(await ask(message, permits, { rehearse: true })).toEqual({ kind: 'rehearse', verdict: 'go' });
    expect(await ask(message, permits, { rehearse: true })).toEqual({ kind: 'rehearse', verdict: 'go' });
    expect((await claim(message, permits)).attempt).toBe(1);
    expect(await ask(await make(), permits, { rehearse: true })).toEqual({
      kind: 'rehearse',
      verdict: 'wait-here all',
    });
  });

  test.each([
    ['at once', 1],
    ['when the store was away for seconds', 8],
  ])(
    'a permit whose answer was lost is given back %s: nobody holds a claim that nobody knows of',
    async (_when, answersLost) => {
      const message = await make();
      const deaf = server.connect();
      const evaluate = deaf.eval.bind(deaf) as unknown as (...args: unknown[]) => Promise<unknown>;
      let lost = 0;
      Object.defineProperty(deaf, 'evalsha', { value: () => Promise.reject(new Error('NOSCRIPT')) });
      Object.defineProperty(deaf, 'eval', {
        value: async (...args: unknown[]) => {
          const answer = lost === 0 || lost === answersLost ? await evaluate(...args) : undefined;
          if (lost < answersLost) {
            lost += 1;
            throw new Error('Command timed out');
          }
          return answer;
        },
      });
      await expect(ask(message, permitsWith({}, { redis: deaf }))).rejects.toThrow('could not do');
      expect(await readMessage(redis, keys, message.id)).toMatchObject({ state: 'queued', attempts: 0 });
      expect(await countInFlight({ redis, keys })).toBe(0);
    },
  );
});

describe('the long interval of one category', () => {
  test('is not forgotten when the other category is sent or fails', async () => {
    const weekMs = 7 * 86_400_000;
    const permits = permitsWith({
      intervalMs: { transactional: 0, promotional: 8 * weekMs },
      recipientBackOffMs: 1,
    });
    const to = 'somebody@example.com';
    const first = await make({ to, category: 'promotional' });
    await permits.commit(await claim(first, permits), sentEnd);
    const second = await claim(await make({ to }), permits);
    await permits.commit(second, { ...sentEnd, to: 'retrying', retryInMs: 0, undo: true });
    expect(await redis.pttl(keys.of(first.id).recipient(first.toHash))).toBeGreaterThan(7 * weekMs);
  });

  test('taking a permit back leaves the interval of a message permitted since', async () => {
    const to = 'somebody@example.com';
    const early = await claim(await make({ to }));
    const claimedAt = Number(
      await redis.hget(keys.of(early.message.id).message(early.message.id), 'claimedAt'),
    );
    await waitFor('another millisecond', Date.now, (now) => now > claimedAt);
    const late = await make({ to });
    await permitsWith().commit(await claim(late), sentEnd);
    await permitsWith().giveBack(early, 'stopped');
    const answer = await ask(
      await make({ to }),
      permitsWith({ intervalMs: { transactional: 60_000, promotional: 0 } }),
    );
    expect(answer).toMatchObject({ kind: 'wait-later', why: 'interval' });
  });
});

describe('commit', () => {
  test('repeated because its answer was lost, it changes nothing and says the same', async () => {
    const permits = permitsWith({ recipientBackOffMs: 1_000, perDay: 5 });
    const message = await make();
    const mine = await claim(message, permits);
    const end: AttemptEnd = {
      ...sentEnd,
      to: 'retrying',
      reason: '451',
      retryInMs: 1_000,
      undo: true,
      blamesRecipient: true,
    };
    expect(await permits.commit(mine, end)).toEqual({ late: false, state: 'retrying' });
    const before = await redis.hgetall(keys.of(message.id).message(message.id));
    expect(await permits.commit(mine, end)).toEqual({ late: false, state: 'retrying' });
    expect(await redis.hgetall(keys.of(message.id).message(message.id))).toEqual(before);
    expect(await redis.hget(keys.of(message.id).recipient(message.toHash), 'failures')).toBe('1');
  });

  test('a late "sent" turns unknown into sent', async () => {
    const { message, mine } = await lapse('ask');
    expect(await stateOf(message.id)).toBe('unknown');
    expect(await permitsWith().commit(mine, sentEnd)).toEqual({ late: true, state: 'sent' });
    expect(await readMessage(redis, keys, message.id)).toMatchObject({ state: 'sent', providerRef: 'ref' });
  });

  test('a late "sent" stops a resend that has not begun', async () => {
    const { message, mine } = await lapse('resend-once');
    expect(await stateOf(message.id)).toBe('queued');
    await permitsWith().commit(mine, sentEnd);
    expect(await ask(message)).toEqual({ kind: 'ended', state: 'sent' });
  });

  test('a late "sent" under a new claim makes sure that this attempt is the last', async () => {
    const { message, mine } = await lapse('resend-once');
    const second = await claim(message);
    expect(await permitsWith().commit(mine, sentEnd)).toEqual({ late: true, state: 'claimed' });
    const failed: AttemptEnd = { ...sentEnd, to: 'retrying', retryInMs: 0, undo: true };
    expect(await permitsWith().commit(second, failed)).toEqual({ late: false, state: 'sent' });
    expect(await stateOf(message.id)).toBe('sent');
  });

  test('a late failure changes nothing but the history', async () => {
    const { message, mine } = await lapse('ask');
    const failed: AttemptEnd = { ...sentEnd, to: 'retrying', retryInMs: 0, undo: true };
    expect(await permitsWith().commit(mine, failed)).toEqual({ late: true, state: 'unknown' });
    const { state, history } = await readMessage(redis, keys, message.id);
    expect([state, history.at(-1)?.reason]).toEqual(['unknown', 'late-retrying']);
  });

  test('a cap that expired before the attempt came to its end is not made anew below zero', async () => {
    const permits = permitsWith({ perDay: 5 });
    const mine = await claim(await make(), permits);
    const [cap = ''] = await redis.keys(keys.shard(0).cap('*'));
    await redis.del(cap);
    await permits.giveBack(mine, 'stopped');
    expect(await redis.exists(cap)).toBe(0);
  });

  test('a record and the index of it live as long as they must: kept while somebody waits, gone after', async () => {
    const message = await make();
    const name = keys.of(message.id).message(message.id);
    const mine = await claim(message);
    await permitsWith().commit(mine, { ...sentEnd, to: 'dead', undo: true });
    expect(await redis.pttl(name)).toBeGreaterThan(0);
    const release = { from: 'dead', reason: 'replayed', by: 'somebody', dueAt: 0 } as const;
    expect(await decisions().release(message.id, release)).toEqual({ kind: 'done', generation: 2 });
    expect(await redis.pttl(name)).toBe(-1);
    // The horizon of the retries starts again with the replay.
    expect((await readMessage(redis, keys, message.id)).firstAttemptAt).toBeUndefined();
  });

  test('the history stays below its bound, keeps its first line, and always has the last', async () => {
    const message = await make();
    const permits = permitsWith();
    for (let round = 0; round < 150; round += 1) await permits.giveBack(await claim(message), 'stopped');
    await permits.commit(await claim(message), sentEnd);
    const { history } = await readMessage(redis, keys, message.id);
    expect((await redis.hget(keys.of(message.id).message(message.id), 'history'))?.length).toBeLessThan(
      17_000,
    );
    expect([history[0]?.by, history.at(-1)?.to]).toEqual(['planner', 'sent']);
  });
});

describe('lapse', () => {
  test('LIN-3: a claim of a newer program is never ended here', async () => {
    const message = await make();
    await claim(message);
    await redis.hset(keys.of(message.id).message(message.id), { v: '2', deadline: '1' });
    const before = await dumpStore(redis, keys);
    expect(await permitsWith().lapse(message, 'ask')).toBe('not-claimed');
    expect(await dumpStore(redis, keys)).toEqual(before);
  });

  test('a claim within its deadline is left alone', async () => {
    const message = await make();
    await claim(message);
    expect(await permitsWith().lapse(await readMessage(redis, keys, message.id), 'resend-once')).toBe('live');
    expect(await stateOf(message.id)).toBe('claimed');
  });

  test('resend-once sends again once, and the second time a person is asked', async () => {
    const { message } = await lapse('resend-once');
    const permits = permitsWith({}, { claimMs: 1 });
    await claim(message, permits);
    expect(await lapseOf(message)).toBe('unknown');
    expect(await countInFlight({ redis, keys })).toBe(0);
  });

  test('whoever looked at an older claim leaves nothing behind in the index of attempts', async () => {
    const message = await make();
    const permits = permitsWith({}, { claimMs: 1 });
    await permits.giveBack(await claim(message, permits), 'stopped');
    const old = await readMessage(redis, keys, message.id);
    await claim(message, permits);
    await waitFor(
      'the lapse',
      async () => await permits.lapse(old, 'ask'),
      (answer) => answer === 'unknown',
    );
    expect(await redis.zcard(keys.shard(0).inflight)).toBe(0);
  });
});

describe('hold, release and end', () => {
  test('what is held keeps its draft and its reason, and is counted by it', async () => {
    const message = await make();
    expect(await decisions().hold(message.id, 'promo', '{"subject":"x"}')).toEqual({
      kind: 'done',
      state: 'held',
    });
    expect(await readMessage(redis, keys, message.id)).toMatchObject({
      state: 'held',
      reason: 'promo',
      draft: '{"subject":"x"}',
    });
    expect(await redis.hmget(keys.of(message.id).messageCounts, 'queued', 'held', 'held:promo')).toEqual([
      '0',
      '1',
      '1',
    ]);
    expect(await decisions().hold(message.id, 'promo', '{}')).toEqual({ kind: 'refused', state: 'held' });
  });

  test('a release of what is too old, in another state or gone is refused', async () => {
    const message = await make({ createdAt: 1_000 });
    const release = { from: 'held', reason: 'r', by: 'b', dueAt: 0 } as const;
    expect(await decisions().release(message.id, release)).toEqual({ kind: 'refused', state: 'queued' });
    await decisions().hold(message.id, 'stopped', '{}');
    expect(await decisions().release(message.id, { ...release, createdSince: 1_001 })).toEqual({
      kind: 'too-old',
    });
    expect(await decisions().release(message.id, { ...release, createdSince: 1_000 })).toEqual({
      kind: 'done',
      generation: 2,
    });
    await redis.del(keys.of(message.id).message(message.id));
    expect(await decisions().release(message.id, release)).toEqual({ kind: 'refused', state: 'gone' });
  });

  test('what a provider is known to have taken is not released', async () => {
    const { message, mine } = await lapse('ask');
    await decisions().end(message.id, { to: 'discarded', from: ['unknown'], reason: 'r' });
    await permitsWith().commit(mine, sentEnd);
    expect(await stateOf(message.id)).toBe('discarded');
    await redis.hset(keys.of(message.id).message(message.id), 'state', 'dead');
    const release = { from: 'dead', reason: 'r', by: 'b', dueAt: 0 } as const;
    expect(await decisions().release(message.id, release)).toEqual({ kind: 'sent-before' });
  });

  test('a resend that is cancelled is unknown, until the late word that it was sent', async () => {
    const { message, mine } = await lapse('resend-once');
    const end = { to: 'cancelled', from: ['queued'], reason: 'r' } as const;
    expect(await decisions().end(message.id, end)).toEqual({ kind: 'done', state: 'unknown' });
    expect(await redis.zrange(keys.of(message.id).messagesUnknown, '0', '-1')).toEqual([message.id]);
    await permitsWith().commit(mine, sentEnd);
    expect(await stateOf(message.id)).toBe('sent');
  });

  test('of eight who release and eight who discard at once, one wins', async () => {
    const message = await make();
    await decisions().hold(message.id, 'stopped', '{}');
    const people = Array.from({ length: 8 }, () =>
      createMessageDecisions({ redis: server.connect(), keys, retentionMs }),
    );
    const answers = await Promise.all(
      people.flatMap((person) => [
        person.release(message.id, { from: 'held', reason: 'r', by: 'b', dueAt: 0 }),
        person.end(message.id, { to: 'discarded', from: ['held'], reason: 'r' }),
      ]),
    );
    expect(answers.filter(({ kind }) => kind === 'done')).toHaveLength(1);
  });
});

describe('flags', () => {
  test('a start needs the epoch that the caller saw; a stop never does', async () => {
    const change = { flag: 'send', actor: 'a', reason: 'r' } as const;
    expect(await setFlag({ redis, keys, now: Date.now }, { ...change, value: 'off' })).toMatchObject({
      kind: 'done',
      epoch: 2,
      before: 'on',
    });
    expect(await setFlag({ redis, keys, now: Date.now }, { ...change, value: 'on', seenEpoch: 1 })).toEqual({
      kind: 'stale-epoch',
      epoch: 2,
    });
    expect(await setFlag({ redis, keys, now: Date.now }, { ...change, value: 'on' })).toEqual({
      kind: 'stale-epoch',
      epoch: 2,
    });
    expect(
      await setFlag({ redis, keys, now: Date.now }, { ...change, value: 'on', seenEpoch: 2 }),
    ).toMatchObject({
      kind: 'done',
      epoch: 3,
      before: 'off',
    });
    expect((await readGate(redis, keys))?.run).toBe('3');
  });

  test('an expiry makes an "on" end, and never an "off"', async () => {
    await set('send', 'on', Date.now() - 1);
    expect(await ask(await make())).toEqual({ kind: 'held', reason: 'stopped' });
    await set('send', 'off', Date.now() - 1);
    expect(await ask(await make())).toEqual({ kind: 'held', reason: 'stopped' });
    await set('send', 'on', Date.now() + 60_000);
    expect((await ask(await make())).kind).toBe('go');
  });

  test('under changes from eight clients at once the epoch counts every one, and the chain holds', async () => {
    const clients = Array.from({ length: 8 }, () => server.connect());
    await Promise.all(
      clients.flatMap((client, index) =>
        Array.from({ length: 5 }, async (_, round) => {
          await setFlag(
            { redis: client, keys, now: Date.now },
            { flag: 'send:sms', value: 'off', actor: `a${index}`, reason: `r${round}` },
          );
          await appendAudit(client, keys.shard(0), {
            at: '',
            actor: `a${index}`,
            action: 'note',
            reason: `r${round}`,
          });
        }),
      ),
    );
    expect((await readGate(redis, keys))?.epoch).toBe(41);
    expect(await verifyAudit(redis, keys.shard(0))).toMatchObject({ ok: true, lines: 80, count: 80 });
  });

  test('a watch that has seen a later epoch does not believe a store that went back in time', async () => {
    await set('send', 'off');
    const watch = createWatch(server, { redis, keys, now: Date.now, pollMs: 5 });
    await watch.start();
    await redis.hset(keys.shard(0).gate, 'epoch', '1', 'send', 'on');
    await waitFor(
      'the look',
      () => watch.current()?.epoch,
      (epoch) => epoch === 1,
    );
    expect([watch.isOn('send'), watch.knowledge.known(0)?.epoch]).toEqual([false, 2]);
    await watch.stop();
  });

  test('an expiry that passes is told to those who watch', async () => {
    await set('consume', 'on', Date.now() + 60_000);
    let nowMs = Date.now();
    const watch = createWatch(server, { redis, keys, now: () => nowMs, pollMs: 5 });
    await watch.start();
    const told: boolean[] = [];
    watch.onChange(() => told.push(watch.isOn('consume')));
    nowMs += 60_000;
    await waitFor(
      'the news',
      () => told,
      (all) => all.length > 0,
    );
    expect(told).toEqual([false]);
    await watch.stop();
  });
});

describe('a confirmed stop', () => {
  test('no permit is granted after its acknowledgement, with eight clients asking as fast as they can', async () => {
    const clients = Array.from({ length: 8 }, () => permitsWith({}, { redis: server.connect() }));
    const messages = await Promise.all(Array.from({ length: 8 }, async () => await make()));
    let rounds = 0;
    let grants = 0;
    const running = new AbortController();
    let stopped = false;
    let late = 0;
    const hammer = async (permits: Permits, message: MessageRecord): Promise<void> => {
      while (!running.signal.aborted) {
        // Only what was asked after the acknowledgement counts: an answer may be under way while it arrives.
        const askedAfter = stopped;
        const answer = await ask(message, permits);
        rounds += 1;
        if (answer.kind !== 'go') continue;
        grants += 1;
        late += Number(askedAfter);
        await permits.giveBack(answer.claim, 'test');
      }
    };
    const hammers = clients.map(async (permits, index) => {
      const message = messages[index];
      if (message !== undefined) await hammer(permits, message);
    });
    const control = server.connect();
    const store = { redis: control, keys, now: Date.now, monotonicNow: () => performance.now() };
    for (let round = 0; round < 10; round += 1) {
      const seen = grants;
      await waitFor(
        'grants before the stop',
        () => grants,
        (count) => count > seen + 20,
      );
      const report = await stopSending(store, { flag: 'send', actor: 'a', reason: 'r', waitMs: 5_000 });
      stopped = true;
      expect(report.state).toBe('quiesced');
      const { grants: atStop, rounds: roundsAtStop } = { grants, rounds };
      await waitFor(
        'many refusals',
        () => rounds,
        (count) => count > roundsAtStop + 100,
      );
      // A grant from before may still have been on its way to its client: one each at most.
      expect(grants - atStop).toBeLessThanOrEqual(8);
      expect(await countInFlight({ redis: control, keys })).toBe(0);
      stopped = false;
      await set('send', 'on');
    }
    running.abort();
    await Promise.all(hammers);
    expect(late).toBe(0);
    expect(grants).toBeGreaterThan(200);
  });

  test('it says stopping while an attempt is under way, and quiesced when that has ended', async () => {
    const mine = await claim(await make());
    const store = { redis, keys, now: Date.now, monotonicNow: () => performance.now() };
    const request = { flag: 'send', actor: 'a', reason: 'r', waitMs: 0 } as const;
    expect(await stopSending(store, request)).toMatchObject({
      state: 'stopping',
      inFlight: 1,
      inFlightAtStop: 1,
    });
    const waiting = stopSending(store, { ...request, waitMs: 5_000 });
    await permitsWith().commit(mine, sentEnd);
    expect(await waiting).toMatchObject({ state: 'quiesced', inFlight: 0 });
  });

  test('a clock of the caller that runs ahead does not make it quiet too early', async () => {
    await claim(await make());
    const store = { redis, keys, now: () => Date.now() + 3_600_000, monotonicNow: () => performance.now() };
    const report = await stopSending(store, { flag: 'send', actor: 'a', reason: 'r', waitMs: 0 });
    expect(report.state).toBe('stopping');
  });

  test('a stop of one channel waits for attempts of that channel alone', async () => {
    await claim(await make());
    const store = { redis, keys, now: Date.now, monotonicNow: () => performance.now() };
    const request = { actor: 'a', reason: 'r', waitMs: 0 };
    expect((await stopSending(store, { ...request, flag: 'send:sms' })).state).toBe('quiesced');
    expect((await stopSending(store, { ...request, flag: 'send:email' })).state).toBe('stopping');
  });
});

describe('the store', () => {
  test('opened with another number of shards, it refuses and says the repair', async () => {
    await expect(openStore(redis, createKeys(keys.prefix, 2), opening)).rejects.toThrow(
      `set SHARDS=${keys.shards}`,
    );
  });

  test('opened a second time, it leaves the gate as it stands', async () => {
    await set('send', 'off');
    expect(await openStore(redis, keys, opening)).toBe('opened');
    expect((await readGate(redis, keys))?.flags.send.value).toBe('off');
  });
});

/** A message whose worker was cut off: its claim has lapsed by the policy. */
async function lapse(policy: 'ask' | 'resend-once'): Promise<{ message: MessageRecord; mine: Claim }> {
  const message = await make();
  const mine = await claim(message, permitsWith({}, { claimMs: 1 }));
  await waitFor(
    'the lapse',
    async () => await permitsWith().lapse(await readMessage(redis, keys, message.id), policy),
    (answer) => answer !== 'live',
  );
  return { message, mine };
}

async function lapseOf(message: MessageRecord): Promise<string> {
  return await waitFor(
    'the lapse',
    async () => await permitsWith().lapse(await readMessage(redis, keys, message.id), 'resend-once'),
    (answer) => answer !== 'live',
  );
}
