import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FlagName, flagNames } from '../../src/domain/flags.ts';
import type { MessageState } from '../../src/domain/message.ts';
import { setFlag } from '../../src/gate/flags.ts';
import { createMessageDecisions, type MessageDecisions } from '../../src/gate/message-decisions.ts';
import { type AttemptEnd, type Claim, createPermits, type Permits } from '../../src/gate/permits.ts';
import type { Keys, ShardKeys } from '../../src/store/keys.ts';
import { GateWorld, type WorldClaim, world } from '../model/gate-world.ts';
import { type ClockedRedis, connectClocked } from '../support/clocked-redis.ts';
import {
  createMessage,
  dumpStore,
  type GateServer,
  noLimits,
  readMessage,
  startGateServer,
} from '../support/gate-store.ts';
import { listMembers, testShards } from '../support/test-shards.ts';

let gate: GateServer;
let clock: ClockedRedis;

beforeAll(async () => {
  gate = await startGateServer();
  clock = connectClocked(gate.server.url);
});
afterAll(async () => {
  clock.redis.disconnect();
  await gate.stop();
});

/** The scripts on a real Redis, and what a client of theirs must remember. */
interface Real {
  readonly keys: Keys;
  readonly permits: Permits;
  readonly decisions: MessageDecisions;
  readonly claims: Claim[];
}

type Step = fc.AsyncCommand<GateWorld, Real>;

const startMs = Date.UTC(2026, 10, 20, 23, 58);
const limits = noLimits({
  perMinute: world.perMinute,
  perMinuteByDomain: world.perMinuteByDomain,
  intervalMs: world.intervalMs,
  recipientBackOffMs: world.recipientBackOffMs,
  recipientDailyCap: world.recipientDailyCap,
  perRun: world.perRun,
  perDay: world.perDay,
});

test('whatever happens in whatever order, the scripts answer and leave behind what the rules say', async () => {
  const property = fc.asyncProperty(
    fc.commands(steps(), { maxCommands: 80, size: 'max' }),
    async (commands) => {
      await fc.asyncModelRun(async () => await makeWorlds(), commands);
    },
  );
  await expect(fc.assert(property, { numRuns: 30, endOnFailure: true })).resolves.toBeUndefined();
}, 60_000);

test('a permit and its give-back leave every counter as it was', async () => {
  const { model, real } = await makeWorlds();
  const redis = clock.redis;
  // A first permit, so that the counters are not all at zero.
  await runStep(askStep(0, false), model, real);
  await runStep(passStep(30_000), model, real);
  const counters = async (): Promise<unknown> => await readCounters(real.keys);
  const before = await counters();
  await runStep(askStep(1, false), model, real);
  expect(await counters()).not.toEqual(before);
  await runStep(giveBackStep(0), model, real);
  expect(await counters()).toEqual(before);
  expect(await listMembers(redis, real.keys, ({ inflight }) => inflight)).toHaveLength(1);
});

test('a refusal changes nothing: not a byte of the store, not an expiry', async () => {
  const { model, real } = await makeWorlds();
  await runStep(askStep(0, false), model, real);
  const refusals: Record<string, () => Promise<void>> = {
    'back-off': async () =>
      void (await clock.redis.hset(real.keys.central.provider('p'), 'blockedUntil', startMs + 1)),
    stopped: async () => await setGate(real, 'send', 'off'),
    consumers: async () => {
      await setGate(real, 'send', 'on');
      await setGate(real, 'consume', 'off');
    },
  };
  const answers: string[] = [];
  for (const prepare of Object.values(refusals)) {
    await prepare();
    const before = await dumpDecisions(real.keys);
    for (const index of [0, 1]) {
      const message = await readMessage(clock.redis, real.keys, model.message(index).id);
      const answer = await real.permits.ask({ message, provider: 'p', segments: 1, rehearse: false });
      answers.push('why' in answer ? answer.why : answer.kind);
    }
    expect(await dumpDecisions(real.keys)).toEqual(before);
  }
  expect(answers).toEqual([
    'claimed-elsewhere',
    'provider-back-off',
    'claimed-elsewhere',
    'held',
    'claimed-elsewhere',
    'consumers-paused',
  ]);
});

/** With several shards, a place in the limits is taken before the message's own shard refuses, and returned: their keys live longer. */
async function dumpDecisions(keys: Keys): Promise<Record<string, string>> {
  const dump = await dumpStore(clock.redis, keys);
  const isLimit = (name: string): boolean => /:(?:window|cap|places-taken)\b/.test(name);
  return Object.fromEntries(Object.entries(dump).filter(([name]) => keys.shards === 1 || !isLimit(name)));
}

async function makeWorlds(): Promise<{ model: GateWorld; real: Real }> {
  // Where the counts are not on the shard of the claim, a place can be returned for four times the length of an attempt.
  const model = new GateWorld(startMs, testShards === 1 ? Infinity : 4 * world.claimMs);
  await clock.redis.flushdb();
  const keys = await gate.openStore();
  await clock.setNow(startMs);
  for (const name of flagNames) model.flags.set(name, { value: 'on' });
  const plans = [
    { to: 'a@example.com' },
    { to: 'a@example.com' },
    { to: 'a@example.com', category: 'promotional', notAfter: startMs + 2 * 86_400_000 },
    { to: 'b@example.com', sendAt: startMs + 5_000 },
    { to: 'a@example.com', category: 'promotional' },
  ] as const;
  for (const plan of plans) {
    const record = await createMessage(clock.redis, keys, { ...plan, createdAt: startMs });
    const { id, category, toHash: recipient } = record;
    model.messages.push({
      id,
      category,
      recipient,
      facts: {
        state: 'queued',
        reason: '',
        generation: 1,
        attempts: 0,
        resends: 0,
        createdAt: startMs,
        notAfter: record.notAfter,
        sendAt: record.sendAt,
        owner: '',
      },
    });
  }
  const options = { redis: clock.redis, keys, retentionMs: 3_600_000 };
  const permits = createPermits({ ...options, limits, claimMs: world.claimMs, now: () => model.now });
  return { model, real: { keys, permits, decisions: createMessageDecisions(options), claims: [] } };
}

function steps(): fc.Arbitrary<Step>[] {
  const index = fc.nat(4);
  const claim = fc.nat(30);
  const states = ['held', 'queued', 'retrying', 'claimed', 'unknown', 'dead'] as const;
  const ends = ['held', 'cancelled', 'expired', 'discarded', 'sent', 'dead'] as const;
  const ask = fc
    .tuple(index, fc.boolean(), fc.nat(9))
    .map(([at, rehearse, odds]) => askStep(at, rehearse && odds === 0));
  const commit = fc
    .record({
      claim,
      to: fc.constantFrom('sent', 'retrying', 'dead', 'unknown', 'queued'),
      undo: fc.boolean(),
      isUnseen: fc.boolean(),
      blamesRecipient: fc.boolean(),
      retryInMs: fc.constantFrom(0, 1_000, 40_000),
      blockProviderMs: fc.constantFrom(undefined, undefined, 15_000),
    })
    .map(({ claim: at, ...end }) => commitStep(at, end));
  return [
    ask,
    ask,
    ask,
    fc.constantFrom(1, 999, 20_000, 30_000, 60_250, 86_400_000, 259_200_000).map(passStep),
    fc.constantFrom(1, 5_000, 20_000, 30_000).map(passStep),
    commit,
    commit,
    claim.map(giveBackStep),
    index.map(cutOffStep),
    fc
      .tuple(index, fc.constantFrom('ask' as const, 'resend-once' as const))
      .map(([at, policy]) => lapseStep(at, policy)),
    fc
      .tuple(index, fc.constantFrom(...ends), fc.subarray([...states]))
      .map(([at, to, from]) => endStep(at, to, from)),
    fc.tuple(index, fc.constantFrom('stopped', 'promo')).map(([at, reason]) => holdStep(at, reason)),
    fc
      .record({
        index,
        from: fc.constantFrom('held', 'dead', 'unknown'),
        dueInMs: fc.constantFrom(-1, 0, 10_000),
        createdSince: fc.constantFrom(undefined, undefined, startMs, startMs + 1),
      })
      .map(releaseStep),
    fc
      .record({
        flag: fc.constantFrom(
          'send',
          'send:email',
          'send:promotional',
          'consume',
          'consume:email',
          'send:sms',
        ),
        value: fc.constantFrom('on', 'on', 'on', 'off'),
        seen: fc.constantFrom('current', 'current', 'current', 'stale'),
        untilInMs: fc.constantFrom(undefined, undefined, undefined, 30_000),
      })
      .map(flagStep),
  ] as fc.Arbitrary<Step>[];
}

/** A step that changes both worlds, and after which they must be alike. */
function step(name: string, run: (model: GateWorld, real: Real) => Promise<void>): Step {
  return {
    check: () => true,
    toString: () => name,
    run: async (model, real) => {
      await run(model, real);
      await compareWorlds(model, real);
    },
  };
}

async function runStep(one: Step, model: GateWorld, real: Real): Promise<void> {
  await one.run(model, real);
}

function passStep(ms: number): Step {
  return step(`pass ${ms}`, async (model) => {
    model.now += ms;
    await clock.setNow(model.now);
  });
}

function askStep(index: number, rehearse: boolean): Step {
  return step(`ask ${index}${rehearse ? ' rehearse' : ''}`, async (model, real) => {
    const message = await readMessage(clock.redis, real.keys, model.message(index).id);
    const answer = await real.permits.ask({ message, provider: 'p', segments: 1, rehearse });
    const verdict = model.ask(index, rehearse);
    expect(answer.kind === 'go' ? { kind: 'go' } : answer).toEqual(verdict);
    if (answer.kind !== 'go') return;
    expect(answer.claim.mark.epoch).toBe(model.epoch);
    model.grant(index, answer.claim.owner);
    expect(answer.claim.attempt).toBe(model.message(index).facts.attempts);
    real.claims.push(answer.claim);
  });
}

function withClaim(
  at: number,
  model: GateWorld,
  real: Real,
): { claim: Claim; modelled: WorldClaim } | undefined {
  const index = real.claims.length - 1 - (at % Math.max(1, real.claims.length));
  const claim = real.claims[index];
  const modelled = model.claims[index];
  return claim === undefined || modelled === undefined ? undefined : { claim, modelled };
}

type GivenEnd = Pick<AttemptEnd, 'to' | 'undo'> & {
  retryInMs: number;
  blockProviderMs: number | undefined;
  isUnseen: boolean;
  blamesRecipient: boolean;
};

function toAttemptEnd({ to, undo, retryInMs, blockProviderMs, ...given }: GivenEnd): AttemptEnd {
  const isRetry = to === 'retrying';
  return {
    to,
    undo: undo && to !== 'sent' && to !== 'unknown',
    blamesRecipient: given.blamesRecipient && (isRetry || to === 'dead'),
    reason: `because-${to}`,
    line: { number: 1, provider: 'p', outcome: 'x', detail: '', durationMs: 1 },
    fields: to === 'queued' ? { resends: '1' } : {},
    ...(isRetry ? { retryInMs, ...(given.isUnseen ? { isUnseen: true } : {}) } : {}),
    ...(blockProviderMs === undefined ? {} : { blockProviderMs }),
  };
}

function commitStep(at: number, given: GivenEnd): Step {
  return step(`commit ${at} ${JSON.stringify(given)}`, async (model, real) => {
    const found = withClaim(at, model, real);
    if (found === undefined) return;
    const end = toAttemptEnd(given);
    const answer = await real.permits.commit(found.claim, end);
    expect(answer.late ? 'late' : 'done').toBe(model.commit(found.modelled, end));
    expect(answer.state).toBe(model.message(found.modelled.message).facts.state);
  });
}

function giveBackStep(at: number): Step {
  return step(`give back ${at}`, async (model, real) => {
    const found = withClaim(at, model, real);
    if (found === undefined) return;
    await real.permits.giveBack(found.claim, 'stopped');
    model.giveBack(found.modelled);
  });
}

function lapseStep(index: number, policy: 'ask' | 'resend-once'): Step {
  return step(`lapse ${index} ${policy}`, async (model, real) => {
    const message = await readMessage(clock.redis, real.keys, model.message(index).id);
    expect(await real.permits.lapse(message, policy)).toBe(model.lapse(index, policy));
  });
}

/** The worker is gone for longer than its claim, and another takes over at once. */
function cutOffStep(index: number): Step {
  return step(`cut off ${index}`, async (model, real) => {
    await passStep(world.claimMs).run(model, real);
    await lapseStep(index, 'resend-once').run(model, real);
    await askStep(index, false).run(model, real);
  });
}

function endStep(index: number, to: MessageState, from: readonly MessageState[]): Step {
  return step(`end ${index} ${from.join('|')} > ${to}`, async (model, real) => {
    const answer = await real.decisions.end(model.message(index).id, {
      to,
      from,
      reason: 'why',
      by: 'somebody',
    });
    expect(answer.kind).toBe(model.end(index, to, from, 'why'));
  });
}

function holdStep(index: number, reason: string): Step {
  return step(`hold ${index} ${reason}`, async (model, real) => {
    const answer = await real.decisions.hold(model.message(index).id, reason, '{}');
    expect(answer.kind).toBe(model.end(index, 'held', ['queued', 'retrying'], reason));
  });
}

function releaseStep(given: {
  index: number;
  from: 'held' | 'dead' | 'unknown';
  dueInMs: number;
  createdSince: number | undefined;
}): Step {
  return step(`release ${JSON.stringify(given)}`, async (model, real) => {
    const { index, from, dueInMs, createdSince } = given;
    const release = { from, reason: 'released', by: 'somebody', dueAt: model.now + dueInMs };
    const answer = await real.decisions.release(model.message(index).id, {
      ...release,
      ...(createdSince === undefined ? {} : { createdSince }),
    });
    expect(answer.kind).toBe(model.release(index, { ...release, createdSince }));
    if (answer.kind === 'done') expect(answer.generation).toBe(model.message(index).facts.generation);
  });
}

function flagStep(given: {
  flag: FlagName;
  value: 'on' | 'off';
  seen: 'current' | 'stale';
  untilInMs: number | undefined;
}): Step {
  return step(`flag ${JSON.stringify(given)}`, async (model, real) => {
    const seenEpoch = given.seen === 'current' ? model.epoch : model.epoch - 1;
    const until = given.untilInMs === undefined ? undefined : model.now + given.untilInMs;
    const change = { flag: given.flag, value: given.value, actor: 'model', reason: 'because', seenEpoch };
    const answer = await setFlag(
      { redis: clock.redis, keys: real.keys, now: () => model.now },
      until === undefined ? change : { ...change, until },
    );
    const refused = model.setFlag(given.flag, given.value, seenEpoch, until);
    expect(answer).toMatchObject({ kind: refused ? 'stale-epoch' : 'done', epoch: model.epoch });
  });
}

async function setGate(real: Real, flag: FlagName, value: 'on' | 'off'): Promise<void> {
  const seenEpoch = Number(await clock.redis.hget(real.keys.central.gate, 'epoch'));
  await setFlag(
    { redis: clock.redis, keys: real.keys, now: Date.now },
    { flag, value, actor: 'test', reason: 'test', seenEpoch },
  );
}

async function compareWorlds(model: GateWorld, real: Real): Promise<void> {
  const { redis } = clock;
  const found = await Promise.all(
    model.messages.map(async ({ id }) => ({
      record: await redis.hgetall(real.keys.of(id).message(id)),
      ttlMs: await redis.pttl(real.keys.of(id).message(id)),
    })),
  );
  for (const [index, { facts }] of model.messages.entries()) {
    const { record = {}, ttlMs = -2 } = found[index] ?? {};
    const number = (name: string): number | undefined =>
      record[name] === undefined || record[name] === '' ? undefined : Number(record[name]);
    expect({
      state: record['state'],
      reason: record['reason'] ?? '',
      owner: record['owner'] ?? '',
      committed: record['committed'],
      generation: number('generation'),
      attempts: number('attempts') ?? 0,
      resends: number('resends') ?? 0,
      createdAt: number('createdAt'),
      notAfter: number('notAfter'),
      sendAt: number('sendAt'),
      retryAt: number('retryAt'),
      firstAttemptAt: number('firstAttemptAt'),
      claimedAt: number('claimedAt'),
      deadline: number('deadline'),
      lastBefore: number('lastBefore'),
      lateSent: number('lateSent'),
    }).toEqual(facts);
    expect(ttlMs >= 0).toBe(model.isExpiring(index));
  }
  expect(await readIndexes(real.keys)).toEqual(modelIndexes(model));
  expect(await readCounters(real.keys, model.now - world.spanMs)).toEqual(modelCounters(model));
}

async function readIndexes(all: Keys): Promise<Record<string, unknown>> {
  const { redis } = clock;
  const members = async (choose: (keys: ShardKeys) => string): Promise<string[]> =>
    (await listMembers(redis, all, choose)).sort();
  return {
    open: await members(({ messagesOpen }) => messagesOpen),
    held: await members(({ messagesHeld }) => messagesHeld),
    dead: await members(({ messagesDead }) => messagesDead),
    unknown: await members(({ messagesUnknown }) => messagesUnknown),
    inflight: await readInFlight(all),
    counts: await readCounts(all),
  };
}

async function readInFlight(all: Keys): Promise<string[]> {
  const { redis } = clock;
  const found = await Promise.all(
    all.all.map(({ inflight }) => redis.zrange(inflight, '0', '-1', 'WITHSCORES')),
  );
  const attempts = found.flatMap((flat) =>
    flat.flatMap((name, at) => (at % 2 === 0 ? [{ name, at: Number(flat[at + 1]) }] : [])),
  );
  return attempts.sort(compareAttempts).flatMap(({ name, at }) => [name, String(at)]);
}

function compareAttempts(a: { at: number; name: string }, b: { at: number; name: string }): number {
  return a.at - b.at || (a.name < b.name ? -1 : 1);
}

async function readCounts(all: Keys): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { messageCounts } of all.all)
    for (const [name, count] of Object.entries(await clock.redis.hgetall(messageCounts)))
      sums[name] = (sums[name] ?? 0) + Number(count);
  return Object.fromEntries(Object.entries(sums).filter(([name, sum]) => name !== 'changes' && sum !== 0));
}

function modelIndexes(model: GateWorld): Record<string, unknown> {
  const ids = (...states: string[]): string[] =>
    model.messages
      .filter(({ facts }) => states.includes(facts.state))
      .map(({ id }) => id)
      .sort();
  const inflight = model.messages
    .filter(({ facts }) => facts.state === 'claimed')
    .map(({ id, category, facts }) => ({
      at: facts.deadline ?? 0,
      name: `email ${category} ${id} ${facts.owner}`,
    }))
    .sort(compareAttempts);
  return {
    open: ids('queued', 'claimed', 'retrying'),
    held: ids('held'),
    dead: ids('dead'),
    unknown: ids('unknown'),
    inflight: inflight.flatMap(({ at, name }) => [name, String(at)]),
    counts: model.countsByState(),
  };
}

async function readCounters(all: Keys, windowFromMs = 0): Promise<Record<string, unknown>> {
  const { redis } = clock;
  const keys = all.central;
  const found: Record<string, unknown> = {};
  for (const shard of all.all) Object.assign(found, await readRecipients(shard));
  for (const name of await redis.keys(keys.cap('*'))) {
    const used = Number(await redis.get(name));
    if (used !== 0) found[name.slice(keys.cap('').length)] = used;
  }
  for (const name of await redis.keys(keys.window('*'))) {
    const young = await redis.zrangebyscore(name, `(${windowFromMs}`, '+inf');
    if (young.length > 0) found[name.slice(keys.window('').length)] = young.sort();
  }
  return { ...found, blockedUntil: Number((await redis.hget(keys.provider('p'), 'blockedUntil')) ?? 0) };
}

async function readRecipients(keys: ShardKeys): Promise<Record<string, unknown>> {
  const { redis } = clock;
  const found: Record<string, unknown> = {};
  for (const name of await redis.keys(keys.recipient('*'))) {
    const { day, dayCount, failures, notBefore, ...last } = await redis.hgetall(name);
    found[name.split(':').at(-1) ?? ''] = {
      day: Number(day ?? 0),
      dayCount: Number(dayCount ?? 0),
      failures: Number(failures ?? 0),
      notBefore: Number(notBefore ?? 0),
      last: Object.fromEntries(Object.entries(last).map(([key, at]) => [key.slice(5), Number(at)])),
    };
  }
  return found;
}

function modelCounters(model: GateWorld): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, counts] of model.recipients)
    found[name] = { ...counts, last: Object.fromEntries(counts.last) };
  for (const [name, used] of model.caps) if (used !== 0) found[name] = used;
  for (const [name, grants] of model.windows) {
    const young = [...grants].filter(([, at]) => at > model.now - world.spanMs).map(([owner]) => owner);
    if (young.length > 0) found[name] = young.sort();
  }
  return { ...found, blockedUntil: model.blockedUntil };
}
