import type { Redis } from 'ioredis';
import { mapChannels, type QueueName, queueNames } from '../domain/channel.ts';
import { type HoldReason, holdReasons, type MessageState, messageStates } from '../domain/message.ts';
import { readGate, valueAt } from '../gate/flags.ts';
import { readDepths } from '../queue/count-jobs.ts';
import { countMembers } from '../store/count-members.ts';
import type { Keys, Store } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';

export interface QueueState {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly oldestAgeMs: number;
}

export interface QueueStatus {
  readonly queues: Record<QueueName, QueueState>;
  readonly messages: Record<MessageState, number>;
  readonly held: Record<string, number>;
  readonly deadLetters: number;
  /** Records that this program cannot read. */
  readonly parked: { readonly events: number; readonly messages: number };
  readonly areConsumersPaused: boolean;
  readonly isIngestPaused: boolean;
}

export interface QueueStatusOptions extends Store {
  readonly now: () => number;
}

/** How much waits where, in constant time. Throws `store-unavailable` when the store does not respond. */
export async function readQueueStatus(options: QueueStatusOptions): Promise<QueueStatus> {
  const { redis, keys, now } = options;
  return await callStore('read queue status', async () => {
    const [depths, open, counts, eventAge, messageAge, dead, parked, gate] = await Promise.all([
      readDepths({ redis, keys }),
      countMembers(redis, keys, ({ eventsOpen }) => [eventsOpen]),
      readCounts(redis, keys),
      readOldestAge(redis, keys, 'eventsOpen', now()),
      readOldestAge(redis, keys, 'messagesOpen', now()),
      countMembers(redis, keys, ({ messagesDead, eventsDead }) => [messagesDead, eventsDead]),
      countParked(redis, keys),
      readGate(redis, keys),
    ]);
    const age: Record<QueueName, number> = { events: eventAge, ...mapChannels(() => messageAge) };
    const queues = Object.fromEntries(
      queueNames.map((name) => {
        const { active, delayed, ...depth } = depths[name];
        // An event may wait for its job, too: where a response of the store was lost, until the reconciler comes by.
        const waiting = name === 'events' ? Math.max(0, open - active - delayed) : depth.waiting;
        return [name, { waiting, active, delayed, oldestAgeMs: waiting + active > 0 ? age[name] : 0 }];
      }),
    ) as Record<QueueName, QueueState>;
    return {
      queues,
      messages: pick(counts, messageStates, ''),
      held: pick(counts, holdReasons, 'held:'),
      deadLetters: dead,
      parked,
      areConsumersPaused: valueAt(gate?.flags.consume, now()) === 'off',
      isIngestPaused: valueAt(gate?.flags.ingest, now()) === 'off',
    };
  });
}

async function readCounts(redis: Redis, keys: Keys): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { messageCounts } of keys.all)
    for (const [name, value] of Object.entries(await redis.hgetall(messageCounts)))
      counts.set(name, (counts.get(name) ?? 0) + Number(value));
  return counts;
}

function pick<Name extends MessageState | HoldReason>(
  counts: Map<string, number>,
  names: readonly Name[],
  prefix: string,
): Record<Name, number> {
  return Object.fromEntries(
    names.map((name) => [name, Math.max(0, counts.get(prefix + name) ?? 0)]),
  ) as Record<Name, number>;
}

/** How long ago the oldest message that waits for a person was put there, in ms; 0 when there is none. Throws `store-unavailable`. */
export async function readWaitingAges({
  redis,
  keys,
  now,
}: Pick<QueueStatusOptions, 'redis' | 'keys' | 'now'>): Promise<Record<'held' | 'unknown' | 'dead', number>> {
  return await callStore('read ages', async () => {
    const [held, unknown, dead] = await Promise.all([
      readOldestAge(redis, keys, 'messagesHeld', now()),
      readOldestAge(redis, keys, 'messagesUnknown', now()),
      readOldestAge(redis, keys, 'messagesDead', now()),
    ]);
    return { held, unknown, dead };
  });
}

async function readOldestAge(
  redis: Redis,
  keys: Keys,
  index: 'eventsOpen' | 'messagesOpen' | 'messagesHeld' | 'messagesUnknown' | 'messagesDead',
  nowMs: number,
): Promise<number> {
  const firsts = await Promise.all(
    keys.all.map((shard) => redis.zrange(shard[index], '0', '0', 'WITHSCORES')),
  );
  return nowMs - Math.min(nowMs, ...firsts.map(([, score]) => Number(score ?? nowMs)));
}

async function countParked(redis: Redis, keys: Keys): Promise<QueueStatus['parked']> {
  return {
    events: await countMembers(redis, keys, ({ eventsParked }) => [eventsParked]),
    messages: await countMembers(redis, keys, ({ messagesParked }) => [messagesParked]),
  };
}
