import type { Redis } from 'ioredis';
import { type MessageId, parseMessageId } from '../domain/ids.ts';
import type { Category, Channel } from '../domain/message.ts';
import type { Keys, ShardKeys } from '../store/keys.ts';
import { type MessageBrief, readMessageBriefs } from '../store/message-brief.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { type WalkedEntry, type WalkRange, walkIndexes } from '../store/walk-index.ts';

/** Which messages are meant. Fields that are given must all fit; an empty filter means every one. */
export interface MessageFilter {
  readonly ids?: readonly string[] | undefined;
  readonly reason?: string | undefined;
  readonly type?: string | undefined;
  readonly channel?: Channel | undefined;
  readonly category?: Category | undefined;
  readonly client?: string | undefined;
}

/** The states in which messages wait for a person, with the index of each. */
const indexOf = {
  held: 'messagesHeld',
  dead: 'messagesDead',
  unknown: 'messagesUnknown',
} as const satisfies Readonly<Record<string, keyof ShardKeys>>;
export type WaitingState = keyof typeof indexOf;

export interface Store {
  readonly redis: Redis;
  readonly keys: Keys;
}

/** The index keys of one state, shard by shard. */
export function listIndexes(keys: Keys, state: WaitingState): string[] {
  return Array.from({ length: keys.shards }, (_, shard) => keys.shard(shard)[indexOf[state]]);
}

/** Walks the messages in one state, oldest in it first; what the filter leaves out has no item. */
export async function* walkMessages(
  { redis, keys }: Store,
  state: WaitingState,
  filter: MessageFilter,
  range: WalkRange = {},
): AsyncGenerator<readonly WalkedEntry<MessageBrief>[]> {
  for await (const entries of walkIndexes(redis, listIndexes(keys, state), range)) {
    const briefs = await readMessageBriefs(
      redis,
      keys,
      entries.map(({ member }) => member as MessageId),
    );
    yield entries.map((entry, index) => {
      const brief = briefs[index];
      return {
        entry,
        item: isMeant(brief, state, filter) ? brief : undefined,
        isUnreadable: brief === 'unreadable',
      };
    });
  }
}

/**
 * The messages in one state that a filter means: those of its ids, else every one in the index that was there when
 * the walk began. What is put back meanwhile is not met again.
 */
export async function* selectMessages(
  store: Store,
  state: WaitingState,
  filter: MessageFilter,
): AsyncGenerator<readonly MessageBrief[]> {
  if (filter.ids !== undefined) {
    const ids = filter.ids.flatMap((id) => parseMessageId(id) ?? []);
    const briefs = await readMessageBriefs(store.redis, store.keys, [...new Set(ids)]);
    yield briefs.flatMap((brief) => (isMeant(brief, state, filter) ? brief : []));
    return;
  }
  const scoreMax = await readStoreClock(store.redis);
  for await (const batch of walkMessages(store, state, filter, { scoreMax }))
    yield batch.flatMap(({ item }) => item ?? []);
}

function isMeant(
  brief: MessageBrief | 'unreadable' | undefined,
  state: WaitingState,
  filter: MessageFilter,
): brief is MessageBrief {
  if (brief === undefined || brief === 'unreadable' || brief.state !== state) return false;
  return (['reason', 'type', 'channel', 'category', 'client'] as const).every(
    (name) => filter[name] === undefined || filter[name] === brief[name],
  );
}
