import { type EventId, parseEventId } from '../domain/ids.ts';
import { listIndexes, type MessageFilter, selectMessages, walkMessages } from '../gate/select-messages.ts';
import { redactText } from '../observe/redact.ts';
import { type EventSummary, readEventSummaries } from '../store/event-record.ts';
import type { Store } from '../store/keys.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { type IndexEntry, type WalkedEntry, type WalkRange, walkIndexes } from '../store/walk-index.ts';

/** Which dead letters are meant; an event has no channel and no category, so a filter by one leaves events out. */
export interface DeadFilter extends MessageFilter {
  readonly kind?: 'message' | 'event' | undefined;
}

/** What a message that was given up and an event that could not be planned have in common. */
interface DeadRecord
  extends Pick<MessageSummary, 'event' | 'type' | 'client' | 'mode' | 'reason' | 'attempts' | 'mayHaveLeft'> {
  readonly id: string;
  readonly lastError?: string;
  readonly notAfter?: number | undefined;
  readonly firstAt: number;
  readonly lastAt: number;
}

export type DeadLetter =
  | (DeadRecord & { readonly kind: 'message' } & Pick<MessageSummary, 'channel' | 'category' | 'to'>)
  | (DeadRecord & { readonly kind: 'event' });

/** Walks dead messages shard by shard, then dead events; what the filter leaves out has no item. */
export async function* walkDead(
  store: Store,
  filter: DeadFilter,
  range: WalkRange,
): AsyncGenerator<readonly WalkedEntry<DeadLetter>[]> {
  const eventsFrom = listIndexes(store.keys, 'dead').length;
  const isPast = range.after !== undefined && range.after.step >= eventsFrom;
  if (filter.kind !== 'event' && !isPast) {
    for await (const batch of walkMessages(store, 'dead', filter, range))
      yield batch.map(({ item, ...rest }) => ({ ...rest, item: item && ofMessage(item) }));
  }
  if (!admitsEvents(filter)) return;
  const after = isPast && range.after !== undefined ? shift(range.after, -eventsFrom) : undefined;
  for await (const batch of walkEvents(store, filter, { ...range, after }))
    yield batch.map(({ entry, ...rest }) => ({ entry: shift(entry, eventsFrom), ...rest }));
}

/** The dead letters that a filter means: those of its ids, else every one that was there when the walk began. */
export async function* selectDead(store: Store, filter: DeadFilter): AsyncGenerator<readonly DeadLetter[]> {
  if (filter.ids === undefined) {
    const scoreMax = await readStoreClock(store.redis);
    for await (const batch of walkDead(store, filter, { scoreMax }))
      yield batch.flatMap(({ item }) => item ?? []);
    return;
  }
  if (filter.kind !== 'event')
    for await (const messages of selectMessages(store, 'dead', filter)) yield messages.map(ofMessage);
  if (!admitsEvents(filter)) return;
  const ids = filter.ids.flatMap((id) => parseEventId(id) ?? []);
  const summaries = await readEventSummaries(store.redis, store.keys, [...new Set(ids)]);
  yield summaries.flatMap((summary) => (isMeant(filter, summary) ? ofEvent(summary) : []));
}

async function* walkEvents(
  { redis, keys }: Store,
  filter: DeadFilter,
  range: WalkRange,
): AsyncGenerator<readonly WalkedEntry<DeadLetter>[]> {
  const zsets = keys.all.map(({ eventsDead }) => eventsDead);
  for await (const entries of walkIndexes(redis, [zsets], range)) {
    const summaries = await readEventSummaries(
      redis,
      keys,
      entries.map(({ member }) => member as EventId),
    );
    yield entries.map((entry, index) => {
      const summary = summaries[index];
      return {
        entry,
        item: isMeant(filter, summary) ? ofEvent(summary) : undefined,
        isUnreadable: summary === 'unreadable',
      };
    });
  }
}

function admitsEvents({ kind, channel, category }: DeadFilter): boolean {
  return kind !== 'message' && channel === undefined && category === undefined;
}

function isMeant(
  filter: DeadFilter,
  summary: EventSummary | 'unreadable' | undefined,
): summary is EventSummary {
  return (
    summary !== undefined &&
    summary !== 'unreadable' &&
    summary.state === 'dead' &&
    (['reason', 'type', 'client'] as const).every(
      (name) => filter[name] === undefined || filter[name] === summary[name],
    )
  );
}

function ofMessage({ lastError, firstAttemptAt, ...summary }: MessageSummary): DeadLetter {
  return {
    ...summary,
    kind: 'message',
    ...(lastError === undefined ? {} : { lastError: redactText(lastError) }),
    firstAt: firstAttemptAt ?? summary.createdAt,
    lastAt: summary.updatedAt,
  };
}

function ofEvent({ receivedAt, plannedAt = receivedAt, ...summary }: EventSummary): DeadLetter {
  const attempted = { attempts: 0, mayHaveLeft: false, firstAt: receivedAt, lastAt: plannedAt };
  return { ...summary, kind: 'event', event: summary.id, ...attempted };
}

function shift(entry: IndexEntry, steps: number): IndexEntry {
  return { ...entry, step: entry.step + steps };
}
