import type { z } from 'zod';
import { type EventId, parseEventId, shardOf } from '../domain/ids.ts';
import type { CollectedGauges } from '../observe/collected-gauges.ts';
import { askShards } from '../store/ask-shards.ts';
import type { ShardKeys } from '../store/keys.ts';
import { numberField, readSummary } from '../store/record-fields.ts';
import { type Page, parseCursor, readPage, walkIndexes } from '../store/walk-index.ts';
import { type EndQuarantineDeps, rejectQuarantined } from './judge-quarantine.ts';
import { quarantinedEvent } from './quarantine.ts';

/** What it takes to look into the quarantine and to empty it by hand. */
export interface QuarantineStore extends EndQuarantineDeps {
  readonly now: () => number;
}

/** How full the quarantine is. */
type QuarantineCounts = NonNullable<CollectedGauges['quarantine']>;

/** A quarantined event as an operator sees it: nothing of its body and nothing of its token. */
export type QuarantineItem = Readonly<Omit<z.infer<typeof summary>, 'v' | 'state'>> & {
  readonly id: EventId;
};

export interface QuarantineFilter {
  readonly ids?: readonly string[] | undefined;
  /** The claimed one. */
  readonly client?: string | undefined;
  readonly olderThanMs?: number | undefined;
}

export interface DiscardReport {
  readonly matched: number;
  /** Always 0 in a preview. */
  readonly discarded: number;
  readonly byType: Readonly<Record<string, number>>;
}

/** Counts in constant time. Throws `store-unavailable`. */
export async function countQuarantine({
  redis,
  keys,
  now,
}: Pick<QuarantineStore, 'redis' | 'keys' | 'now'>): Promise<QuarantineCounts> {
  const readShard = async ({ eventsQuarantined, quarantineBytes }: ShardKeys): Promise<QuarantineCounts> => {
    const [events, bytes, oldest] = await Promise.all([
      redis.zcard(eventsQuarantined),
      redis.get(quarantineBytes),
      redis.zrange(eventsQuarantined, '0', '0', 'WITHSCORES'),
    ]);
    const oldestAgeMs = oldest[1] === undefined ? 0 : Math.max(0, now() - Number(oldest[1]));
    return { events, bytes: Number(bytes ?? 0), oldestAgeMs };
  };
  const shards = await askShards('read quarantine', keys, readShard);
  return shards.reduce((sum, one) => ({
    events: sum.events + one.events,
    bytes: sum.bytes + one.bytes,
    oldestAgeMs: Math.max(sum.oldestAgeMs, one.oldestAgeMs),
  }));
}

/** One page of what is quarantined, oldest first. */
export async function listQuarantined(
  deps: QuarantineStore,
  ask: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<QuarantineItem>> {
  return await readPage(walkQuarantined(deps, parseCursor(ask.cursor)), ask.limit);
}

/** Ends what the filter means as `rejected` with the reason `discarded`, at most `limit`; a preview only counts. */
export async function discardQuarantined(
  deps: QuarantineStore,
  order: { readonly filter: QuarantineFilter; readonly preview: boolean; readonly limit: number },
): Promise<DiscardReport> {
  const byType: Record<string, number> = {};
  let matched = 0;
  let discarded = 0;
  for await (const item of selectQuarantined(deps, order.filter)) {
    if (matched >= order.limit) break;
    matched += 1;
    byType[item.type] = (byType[item.type] ?? 0) + 1;
    if (!order.preview) discarded += Number(await rejectQuarantined(deps, item.id, 'discarded'));
  }
  return { matched, discarded, byType };
}

async function* selectQuarantined(
  deps: QuarantineStore,
  { ids, client, olderThanMs }: QuarantineFilter,
): AsyncGenerator<QuarantineItem> {
  const isMeant = (item: QuarantineItem): boolean =>
    (client === undefined || item.claimedClient === client) &&
    (olderThanMs === undefined || deps.now() - item.receivedAt >= olderThanMs);
  if (ids !== undefined) {
    const known = ids.map((text) => parseEventId(text)).filter((id) => id !== undefined);
    const items = await Promise.all([...new Set(known)].map((id) => readItem(deps, id)));
    yield* items.filter((item) => item !== undefined).filter(isMeant);
    return;
  }
  for await (const batch of walkQuarantined(deps))
    yield* batch.flatMap(({ item }) => (item !== undefined && isMeant(item) ? [item] : []));
}

async function* walkQuarantined(deps: QuarantineStore, after?: ReturnType<typeof parseCursor>) {
  const { redis, keys } = deps;
  const zsets = keys.all.map(({ eventsQuarantined }) => eventsQuarantined);
  for await (const entries of walkIndexes(redis, [zsets], { after, scoreMax: deps.now() })) {
    const items = await Promise.all(entries.map(({ member }) => readItem(deps, member as EventId)));
    yield entries.map((entry, at) => ({ entry, item: items[at] }));
  }
}

const summary = quarantinedEvent
  .pick({
    v: true,
    state: true,
    type: true,
    claimedClient: true,
    receivedAt: true,
    mode: true,
    requestId: true,
  })
  .extend({ bytes: numberField });

async function readItem(
  { redis, keys }: EndQuarantineDeps,
  id: EventId,
): Promise<QuarantineItem | undefined> {
  if (shardOf(id) >= keys.shards) return undefined;
  const event = await readSummary(redis, keys.of(id).event(id), summary, 'quarantined event');
  if (event === undefined || event === 'unreadable' || event.state !== 'quarantined') return undefined;
  const { v: _version, state: _state, ...item } = event;
  return { id, ...item };
}
