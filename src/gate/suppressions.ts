import { type Channel, isChannel } from '../domain/channel.ts';
import type { FieldError } from '../domain/errors.ts';
import { parseInstant } from '../domain/instant.ts';
import { callStore } from '../store/scripts.ts';
import { chooseShard } from '../store/shards.ts';
import {
  type IndexEntry,
  type Page,
  parseCursor,
  readPage,
  type WalkedEntry,
  walkIndexes,
} from '../store/walk-index.ts';
import { type AuditDeps, type AuditOrder, actAudited } from './act-audited.ts';
import { type NamedAddress, nameAddress, type SuppressionChannel } from './name-address.ts';

export interface SuppressionDeps extends AuditDeps {
  /** The keyed hash under which an address is known; the address itself is stored nowhere. */
  readonly hashAddress: (channel: Channel, address: string) => string;
}

/** An address (or, from an export, its hash) that must not be written to. */
export interface SuppressionEntry {
  readonly address?: string | undefined;
  readonly hash?: string | undefined;
  /** With a hash: the mask that the export had. */
  readonly masked?: string | undefined;
  /** `all`: every channel that the address fits. */
  readonly channel?: SuppressionChannel | undefined;
  readonly reason: string;
  readonly source?: string | undefined;
  /** ISO 8601; now when absent. */
  readonly at?: string | undefined;
}

export interface SuppressionItem {
  readonly channel: Channel;
  readonly hash: string;
  readonly masked: string;
  readonly reason: string;
  readonly source: string;
  /** Epoch ms. */
  readonly at: number;
  readonly by: string;
}

export interface SuppressionReport {
  /** New ones; one that was there already is renewed and counted in `renewed`. */
  readonly added: number;
  readonly renewed: number;
  readonly faults: (FieldError & { readonly index: number })[];
}

const atOnce = 100;

/** One page of suppressions, oldest first; never an address. The pages together are the export. */
export async function listSuppressions(
  deps: SuppressionDeps,
  ask: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<SuppressionItem>> {
  const { keys, redis } = deps;
  const zsets = keys.all.map(({ suppressions }) => suppressions);
  const walk = walkIndexes(redis, [zsets], { after: parseCursor(ask.cursor) });
  return await readPage(readEach(deps, walk), ask.limit);
}

/**
 * From now on no permit is given for these addresses. Good entries count also when others have errors, which are
 * listed by their index. The audit chain has the order first, without addresses.
 */
export async function addSuppressions(
  deps: SuppressionDeps,
  order: AuditOrder,
  entries: readonly SuppressionEntry[],
): Promise<SuppressionReport> {
  const faults: (FieldError & { index: number })[] = [];
  const good: { entry: SuppressionEntry; named: NamedAddress }[] = [];
  for (const [index, entry] of entries.entries()) {
    const named = nameAddress(entry, deps.hashAddress);
    if ('channel' in named) good.push({ entry, named });
    else faults.push({ index, pointer: `/entries/${index}${named.pointer}`, detail: named.detail });
  }
  if (good.length === 0) return { added: 0, renewed: 0, faults };
  const hashes = good.slice(0, atOnce).map(({ named }) => `${named.channel}:${named.hash}`);
  const action = { action: 'add suppressions', detail: { entries: good.length, hashes } };
  return await actAudited(deps, order, action, async () => {
    let added = 0;
    for (let from = 0; from < good.length; from += atOnce) {
      const news = await Promise.all(
        good
          .slice(from, from + atOnce)
          .map(({ entry, named }) => writeSuppression(deps, order, { entry, named })),
      );
      added += news.filter(Boolean).length;
    }
    const result = { added, renewed: good.length - added, faults };
    return { result, detail: { added, renewed: result.renewed, faults: faults.length } };
  });
}

/** Lets an address be written to again. Says what is wrong with it, or how many suppressions were taken away. */
export async function removeSuppression(
  deps: SuppressionDeps,
  order: AuditOrder,
  entry: Pick<SuppressionEntry, 'address' | 'hash' | 'channel'>,
): Promise<{ readonly removed: number } | FieldError> {
  const named = nameAddress(entry, deps.hashAddress);
  if (!('channel' in named)) return named;
  const { channel, hash } = named;
  const action = { action: 'remove suppression', detail: { hash: `${channel}:${hash}` } };
  return await actAudited(deps, order, action, async () => {
    const keys = deps.keys.shard(chooseShard(hash, deps.keys.shards));
    const replies = await runTogether(
      deps.redis
        .multi()
        .del(keys.suppression(channel, hash))
        .zrem(keys.suppressions, `${channel}:${hash}`)
        .hincrby(keys.messageCounts, 'changes', 1),
      'remove suppression',
    );
    const removed = Math.max(...replies.slice(0, 2));
    return { result: { removed }, detail: { removed } };
  });
}

async function writeSuppression(
  deps: SuppressionDeps,
  order: AuditOrder,
  { entry, named }: { entry: SuppressionEntry; named: NamedAddress },
): Promise<boolean> {
  const { channel, hash, masked } = named;
  const keys = deps.keys.shard(chooseShard(hash, deps.keys.shards));
  const at = (entry.at === undefined ? undefined : parseInstant(entry.at)) ?? deps.now();
  const fields = { reason: entry.reason, source: entry.source ?? 'operator', at, by: order.actor, masked };
  const replies = await runTogether(
    deps.redis
      .multi()
      .hset(keys.suppression(channel, hash), fields)
      .zadd(keys.suppressions, at, `${channel}:${hash}`)
      .hincrby(keys.messageCounts, 'changes', 1),
    'add suppression',
  );
  return replies[1] === 1;
}

/** Record and index change together or not at all. */
async function runTogether(
  transaction: { exec(): Promise<[Error | null, unknown][] | null> },
  what: string,
): Promise<number[]> {
  return await callStore(what, async () => {
    const replies = (await transaction.exec()) ?? [];
    const failure = replies.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
    return replies.map(([, reply]) => Number(reply));
  });
}

async function* readEach(
  deps: SuppressionDeps,
  walk: AsyncIterable<readonly IndexEntry[]>,
): AsyncGenerator<readonly WalkedEntry<SuppressionItem>[]> {
  for await (const entries of walk)
    yield await Promise.all(
      entries.map(async (entry) => ({ entry, item: await readSuppression(deps, entry) })),
    );
}

async function readSuppression(
  { redis, keys }: SuppressionDeps,
  { member }: IndexEntry,
): Promise<SuppressionItem | undefined> {
  const [channel, hash = ''] = member.split(':');
  if (!isChannel(channel)) return undefined;
  const fields = await callStore('read suppression', () =>
    redis.hgetall(keys.shard(chooseShard(hash, keys.shards)).suppression(channel, hash)),
  );
  const { reason, source = '', at, by = '', masked = '***' } = fields;
  if (reason === undefined) return undefined;
  return { channel, hash, masked, reason, source, at: Number(at ?? 0), by };
}
