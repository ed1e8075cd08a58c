import type { Redis } from 'ioredis';
import { type ClientId, type EventId, type MessageId, toEventId } from '../../src/domain/ids.ts';
import { createMessageDecisions } from '../../src/gate/message-decisions.ts';
import { type AttemptEnd, type Claim, createPermits } from '../../src/gate/permits.ts';
import { createAcceptEvent } from '../../src/ingest/accept-event.ts';
import { finishEvent } from '../../src/plan/finish-event.ts';
import type { Keys } from '../../src/store/keys.ts';
import { readMessageRecord } from '../../src/store/message-record.ts';
import { createRandom, type Random } from '../storm/random.ts';
import type { ClockedRedis } from './clocked-redis.ts';
import { createMessage, type GateServer, noLimits } from './gate-store.ts';

/** One call of a script, through the function of its stage. What it resolves with is compared. */
type Act = (world: World) => Promise<unknown>;

/** Calls of one kind, which are made in the same turn or one after another. */
interface Batch {
  readonly kind: string;
  readonly acts: readonly Act[];
  /** Passes before them. */
  readonly ms: number;
}

interface World extends ReturnType<typeof openStages> {
  readonly keys: Keys;
  readonly redis: Redis;
  readonly messages: readonly MessageId[];
  readonly claims: Claim[];
  /** What is random in a store, in the order in which it came up: the same in both worlds. */
  readonly names: string[];
}

const startMs = Date.UTC(2026, 10, 20, 23, 58);
const messageCount = 6;

/**
 * Lives the same random history twice, once with the calls of each batch in one turn of the event loop, so that they are
 * groups, and once one by one. Both must come to the same results and to the same store: what differs is returned, nothing
 * when all is well.
 */
export async function compareHistories(
  clock: ClockedRedis,
  server: Pick<GateServer, 'openStore'>,
  seed: number,
): Promise<readonly string[]> {
  const batches = makeHistory(createRandom(seed));
  await clock.redis.flushdb();
  const together = await live(clock, await server.openStore(), batches, (acts, world) =>
    Promise.allSettled(acts.map((act) => act(world))),
  );
  const oneByOne = await live(clock, await server.openStore(), batches, async (acts, world) => {
    const ends: PromiseSettledResult<unknown>[] = [];
    for (const act of acts) ends.push(...(await Promise.allSettled([act(world)])));
    return ends;
  });
  return together.flatMap((line, at) =>
    line === oneByOne[at] ? [] : [`seed ${seed}: ${line}\n  one by one: ${oneByOne[at]}`],
  );
}

type RunActs = (acts: readonly Act[], world: World) => Promise<readonly PromiseSettledResult<unknown>[]>;

async function live(
  clock: ClockedRedis,
  keys: Keys,
  batches: readonly Batch[],
  run: RunActs,
): Promise<string[]> {
  let nowMs = startMs;
  await clock.setNow(nowMs);
  const stages = openStages(clock.redis, keys, () => nowMs);
  const messages: MessageId[] = [];
  for (let at = 0; at < messageCount; at += 1) {
    const to = `${at % 2 === 0 ? 'a' : 'b'}@example.com`;
    messages.push((await createMessage(clock.redis, keys, { name: `${at}`, to, createdAt: startMs })).id);
  }
  const lineage = (await clock.redis.hget(keys.shard(0).gate, 'lineage')) ?? '';
  const world: World = { ...stages, redis: clock.redis, keys, messages, claims: [], names: [lineage] };
  const lines: string[] = [];
  for (const { kind, acts, ms } of batches) {
    nowMs += ms;
    await clock.setNow(nowMs);
    const ends = await run(acts, world);
    for (const end of ends) noteNames(world, end);
    lines.push(`${kind}: ${JSON.stringify(ends.map(toPlain))}`);
  }
  lines.push(...(await readStore(clock.redis, keys)));
  return lines.map((line) => hideNames(world, line)).toSorted();
}

function openStages(redis: Redis, keys: Keys, now: () => number) {
  const options = { redis, keys, retentionMs: 3_600_000, now };
  const limits = noLimits({
    perMinute: 5,
    perMinuteByDomain: 4,
    intervalMs: { transactional: 2_000, promotional: 0 },
    recipientDailyCap: 4,
    recipientBackOffMs: 10_000,
    perRun: 9,
    perDay: 7,
  });
  return {
    permits: createPermits({ ...options, limits, claimMs: 20_000 }),
    decisions: createMessageDecisions(options),
    accept: createAcceptEvent({
      ...options,
      jobs: { reserve: () => noPlace, addEventJob: () => undefined },
      mode: 'testing',
      idempotencyMs: 60_000,
    }),
    finish: (id: EventId, to: 'planned' | 'dead') =>
      finishEvent(options, id, { from: 'accepted', to, reason: 'why' }),
  };
}

const noPlace = { job: 'job', take: () => Promise.resolve(), leave: () => undefined };

function makeHistory(random: Random): readonly Batch[] {
  const whole = (below: number): number => Math.floor(random.next() * below);
  const kinds = Object.keys(makers) as (keyof typeof makers)[];
  return Array.from({ length: 5 + whole(4) }, () => {
    const kind = random.next() < 0.35 ? 'ask' : random.pick(kinds);
    const make = makers[kind];
    const acts = Array.from({ length: 2 + whole(9) }, () => make(random, whole));
    return { kind, acts, ms: random.pick([0, 1, 1_999, 20_000, 61_000]) };
  });
}

type Make = (random: Random, whole: (below: number) => number) => Act;

const makers = {
  accept: (random, whole) => {
    const [key, name] = [`key-${whole(4)}`, random.pick(['x', 'x', 'y'])];
    return async ({ accept }) =>
      await accept({
        client: 'c' as ClientId,
        idempotencyKey: key,
        event: { type: 'welcome', data: { name } },
        requestId: 'r',
      });
  },
  finish: (random, whole) => {
    const [at, to] = [whole(4), random.pick(['planned', 'dead'] as const)];
    return async ({ finish, names }) => {
      const id = names.filter((name) => name.startsWith('evt_'))[at] ?? toEventId(0, 'n'.repeat(24));
      return await finish(id as EventId, to);
    };
  },
  ask: (random, whole) => {
    const at = whole(messageCount);
    const rehearse = random.next() < 0.1;
    return async ({ redis, keys, permits, messages }) => {
      const id = messages[at] as MessageId;
      const message = await readMessageRecord(redis, keys.of(id), id);
      if (message === undefined) return 'gone';
      return await permits.ask({ message, provider: 'p', segments: 1, rehearse });
    };
  },
  commit: (random, whole) => {
    const at = whole(8);
    const to = random.pick(['sent', 'retrying', 'dead', 'unknown', 'queued'] as const);
    const undo = to !== 'sent' && to !== 'unknown' && random.next() < 0.5;
    const end: AttemptEnd = {
      to,
      undo,
      reason: 'because',
      blamesRecipient: to === 'dead',
      line: { number: 1, provider: 'p', outcome: 'x', detail: '', durationMs: 1 },
      fields: to === 'queued' ? { resends: '1' } : {},
      ...(to === 'retrying' ? { retryInMs: 1_000, ...(undo ? { isUnseen: true as const } : {}) } : {}),
      ...(random.next() < 0.2 ? { blockProviderMs: 15_000 } : {}),
    };
    return async ({ permits, claims }) => {
      const claim = claims[at];
      return claim === undefined ? 'no claim' : await permits.commit(claim, end);
    };
  },
  giveBack: (_random, whole) => {
    const at = whole(8);
    return async ({ permits, claims }) => {
      const claim = claims[at];
      if (claim !== undefined) await permits.giveBack(claim, 'stopped');
    };
  },
  lapse: (random, whole) => {
    const [at, policy] = [whole(messageCount), random.pick(['ask', 'resend-once'] as const)];
    return async ({ permits, messages }) => await permits.lapse({ id: messages[at] as MessageId }, policy);
  },
  hold: (_random, whole) => {
    const at = whole(messageCount);
    return async ({ decisions, messages }) =>
      await decisions.hold(messages[at] as MessageId, 'stopped', '{}');
  },
  release: (random, whole) => {
    const [at, from] = [whole(messageCount), random.pick(['held', 'dead', 'unknown'] as const)];
    return async ({ decisions, messages }) =>
      await decisions.release(messages[at] as MessageId, { from, reason: 'why', by: 'me', dueAt: 0 });
  },
  end: (random, whole) => {
    const [at, to] = [
      whole(messageCount),
      random.pick(['cancelled', 'expired', 'dead', 'discarded'] as const),
    ];
    const end = {
      to,
      from: ['queued', 'retrying', 'held', 'dead'],
      reason: 'why',
      fields: { lastError: 'x' },
    } as const;
    return async ({ decisions, messages }) => await decisions.end(messages[at] as MessageId, end);
  },
  postpone: (_random, whole) => {
    const at = whole(messageCount);
    return async ({ decisions, messages }) =>
      await decisions.postpone(messages[at] as MessageId, 5_000, 'provider-back-off');
  },
} as const satisfies Readonly<Record<string, Make>>;

function noteNames({ claims, names }: World, end: PromiseSettledResult<unknown>): void {
  const found =
    end.status === 'fulfilled' ? (end.value as { claim?: Claim; eventId?: string } | undefined) : undefined;
  if (found?.claim !== undefined) {
    claims.push(found.claim);
    names.push(found.claim.owner);
  }
  if (found?.eventId !== undefined && !names.includes(found.eventId)) names.push(found.eventId);
}

function hideNames({ names, keys }: World, line: string): string {
  return names
    .reduce((text, name, at) => text.replaceAll(name, `name-${at}`), line)
    .replaceAll(keys.prefix, 'prefix');
}

function toPlain(end: PromiseSettledResult<unknown>): unknown {
  return end.status === 'fulfilled' ? end.value : String(end.reason);
}

/** Every key with all that is in it, and whether it expires, as one line each; sorted where the order is of no account. */
const dump = `
local lines = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
  local type = redis.call('TYPE', key).ok
  local expires = redis.call('PTTL', key) > 0 and ' (expires) ' or ' '
  local list
  if type == 'hash' then list = redis.call('HGETALL', key)
  elseif type == 'zset' then list = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif type == 'string' then list = { '', redis.call('GET', key) }
  else list = { 'not known', type } end
  for i = 1, #list, 2 do lines[#lines + 1] = key .. expires .. list[i] .. ' ' .. list[i + 1] end
end
return lines`;

async function readStore(redis: Redis, keys: Keys): Promise<string[]> {
  const lines = (await redis.call('EVAL', dump, 0, keys.prefix)) as string[];
  // A group that counts one up and down again writes no count.
  return lines.filter((line) => !/:message-counts .* 0$/.test(line));
}
