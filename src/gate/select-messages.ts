import type { Channel } from '../domain/channel.ts';
import { type MessageId, parseMessageId } from '../domain/ids.ts';
import { type Category, groupOf, type MessageGroup, type MessageState } from '../domain/message.ts';
import { type Keys, messageIndexes, type Store } from '../store/keys.ts';
import { type MessageSummary, readMessageSummaries } from '../store/message-summary.ts';
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
  readonly state?: MessageState | undefined;
  /** Made in this span (epoch ms, both inclusive). */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** The index of one group, as every shard has it. */
export function listIndexes(keys: Keys, group: MessageGroup): readonly string[] {
  return keys.all.map((shard) => shard[messageIndexes[group]]);
}

/** Walks the messages of one group, the longest in it first; what the filter leaves out has no item. */
export function walkMessages(
  store: Store,
  group: MessageGroup,
  filter: MessageFilter,
  range: WalkRange = {},
): AsyncGenerator<readonly WalkedEntry<MessageSummary>[]> {
  const isIn = (message: MessageSummary): boolean =>
    groupOf(message.state) === group && isMeant(message, filter);
  return walkSummaries(store, [listIndexes(store.keys, group)], isIn, range);
}

/** Walks any sorted sets of message ids; what is not meant has no item. */
export async function* walkSummaries(
  { redis, keys }: Store,
  zsets: readonly (readonly string[])[],
  isWanted: (message: MessageSummary) => boolean,
  range: WalkRange = {},
): AsyncGenerator<readonly WalkedEntry<MessageSummary>[]> {
  for await (const entries of walkIndexes(redis, zsets, range)) {
    const summaries = await readMessageSummaries(
      redis,
      keys,
      entries.map(({ member }) => member as MessageId),
    );
    yield entries.map((entry, index) => {
      const message = summaries[index];
      if (message === 'unreadable') return { entry, item: undefined, isUnreadable: true };
      return { entry, item: message !== undefined && isWanted(message) ? message : undefined };
    });
  }
}

/**
 * The messages of one group that a filter means: those of its ids, else every one in the index that was there when
 * the walk began. What is put back meanwhile is not met again.
 */
export async function* selectMessages(
  store: Store,
  group: MessageGroup,
  filter: MessageFilter,
): AsyncGenerator<readonly MessageSummary[]> {
  if (filter.ids !== undefined) {
    const ids = filter.ids.flatMap((id) => parseMessageId(id) ?? []);
    const summaries = await readMessageSummaries(store.redis, store.keys, [...new Set(ids)]);
    yield summaries.flatMap((message) => {
      if (message === undefined || message === 'unreadable' || groupOf(message.state) !== group) return [];
      return isMeant(message, filter) ? message : [];
    });
    return;
  }
  // The open ones are scored by when their turn comes, and nothing is put back among them by who selects them.
  const scoreMax = group === 'open' ? Infinity : await readStoreClock(store.redis);
  for await (const batch of walkMessages(store, group, filter, { scoreMax }))
    yield batch.flatMap(({ item }) => item ?? []);
}

/** True when every field that the filter gives fits. */
export function isMeant(message: MessageSummary, { since, until, ...filter }: MessageFilter): boolean {
  if (since !== undefined && message.createdAt < since) return false;
  if (until !== undefined && message.createdAt > until) return false;
  return (['state', 'reason', 'type', 'channel', 'category', 'client'] as const).every(
    (name) => filter[name] === undefined || filter[name] === message[name],
  );
}
