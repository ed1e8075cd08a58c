import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { callStore } from './scripts.ts';

/** A member of a sorted set, and in which of the sets walked it is. It is also a place to walk on from. */
export interface IndexEntry {
  readonly step: number;
  readonly score: number;
  readonly member: string;
}

/** A walked entry with its record; without `item` when it is not what the walker looks for. */
export interface WalkedEntry<T> {
  readonly entry: IndexEntry;
  readonly item: T | undefined;
  /** There is a record, and this program cannot read it. */
  readonly isUnreadable?: boolean;
}

/** Where a walk begins, and what is too new for it. */
export interface WalkRange {
  readonly after?: IndexEntry | undefined;
  readonly scoreMax?: number;
}

export interface Page<T> {
  readonly items: T[];
  /** Records that this program cannot read: what is in them is not known, so no filter leaves them out. */
  readonly unreadable?: string[];
  /** Where to go on; absent on the last page. */
  readonly nextCursor?: string;
}

export const walkBatch = 200;
/** A page that finds little still ends: the caller goes on with its cursor. */
const looksMax = 5_000;

/**
 * Walks sorted sets one after another, lowest score first, in small batches: never the whole of one at once. Sets in a list
 * are walked as one: those that each shard has of an index.
 * Entries that come or go meanwhile neither stop the walk nor make it repeat one. `scoreMax` leaves out what is
 * newer, so that a walk whose work puts entries back at the end comes to an end.
 */
export async function* walkIndexes(
  redis: Redis,
  zsets: readonly (string | readonly string[])[],
  { after, scoreMax = Infinity }: WalkRange = {},
): AsyncGenerator<readonly IndexEntry[]> {
  for (const [step, sets] of zsets.entries()) {
    const index = { zsets: typeof sets === 'string' ? [sets] : sets, step, scoreMax };
    if (after === undefined || step > after.step) yield* walkIndex(redis, index);
    else if (step === after.step) yield* walkIndex(redis, index, after);
  }
}

async function* walkIndex(
  redis: Redis,
  index: { readonly zsets: readonly string[]; readonly step: number; readonly scoreMax: number },
  after?: IndexEntry,
): AsyncGenerator<readonly IndexEntry[]> {
  const sources = index.zsets.map((zset) => createSource(redis, { zset, step: index.step }, after));
  for (;;) {
    await Promise.all(sources.map((source) => source.fill()));
    const fresh = takeLowest(sources);
    const inside = fresh.filter((entry) => entry.score <= index.scoreMax);
    if (inside.length > 0) yield inside;
    if (fresh.length === 0 || inside.length < fresh.length) return;
  }
}

/** What was read of one set and is not walked yet, lowest first. */
interface Source {
  readonly waiting: IndexEntry[];
  /** Reads on when nothing waits. At the end of the set nothing waits after it. */
  fill(): Promise<void>;
}

function createSource(
  redis: Redis,
  index: { readonly zset: string; readonly step: number },
  after: IndexEntry | undefined,
): Source {
  const waiting: IndexEntry[] = [];
  let place = after;
  let isAtEnd = false;
  return {
    waiting,
    fill: async () => {
      if (waiting.length > 0 || isAtEnd) return;
      waiting.push(...(await readAfter(redis, index, place)));
      place = waiting.at(-1);
      isAtEnd = place === undefined;
    },
  };
}

/** The lowest of all, up to a batch, for as long as it is known what is lowest. */
function takeLowest(sources: readonly Source[]): IndexEntry[] {
  const taken: IndexEntry[] = [];
  const full = sources.map(({ waiting }) => waiting).filter((waiting) => waiting.length > 0);
  while (taken.length < walkBatch && full.every((waiting) => waiting.length > 0)) {
    const lowest = full.reduce<IndexEntry[] | undefined>((one, other) => {
      const [first, second] = [one?.[0], other[0]];
      return first === undefined || (second !== undefined && isBehind(first, second)) ? other : one;
    }, undefined);
    const entry = lowest?.shift();
    if (entry === undefined) break;
    taken.push(entry);
  }
  return taken;
}

/** Collects up to `limit` items; the cursor is where to go on, absent when the walk came to its end. */
export async function readPage<T>(
  walk: AsyncIterable<readonly WalkedEntry<T>[]>,
  limit: number,
): Promise<Page<T>> {
  const items: T[] = [];
  const unreadable: string[] = [];
  const toPage = (): Page<T> => ({ items, ...(unreadable.length === 0 ? {} : { unreadable }) });
  let looks = 0;
  for await (const batch of walk) {
    for (const { entry, item, isUnreadable = false } of batch) {
      looks += 1;
      if (item !== undefined) items.push(item);
      if (isUnreadable) unreadable.push(entry.member);
      if (items.length + unreadable.length >= limit || looks >= looksMax)
        return { ...toPage(), nextCursor: formatCursor(entry) };
    }
  }
  return toPage();
}

/**
 * The place that a cursor of ours names; no text is the beginning.
 *
 * @throws ServiceError `invalid-request-data` for what is not a cursor of ours
 */
export function parseCursor(text: string | undefined): IndexEntry | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    const [step, score, member] = cursor.parse(parsed);
    return { step, score, member };
  } catch (cause) {
    const errors = [{ pointer: '/cursor', detail: 'take it from next_cursor of the page before' }];
    throw new ServiceError('invalid-request-data', 'the cursor is not one of ours', {
      cause,
      errors,
    });
  }
}

const cursor = z.tuple([z.int().nonnegative(), z.number(), z.string().max(200)]);

function formatCursor({ step, score, member }: IndexEntry): string {
  return Buffer.from(JSON.stringify([step, score, member])).toString('base64url');
}

/** The entries behind `place`, at most a batch; empty only at the end of the set. */
async function readAfter(
  redis: Redis,
  { zset, step }: { zset: string; step: number },
  place: IndexEntry | undefined,
): Promise<IndexEntry[]> {
  return await callStore('read index', async () => {
    let start = await findStart(redis, zset, place);
    for (;;) {
      const raw = await redis.zrange(zset, String(start), String(start + walkBatch - 1), 'WITHSCORES');
      const entries: IndexEntry[] = [];
      for (let at = 0; at + 1 < raw.length; at += 2)
        entries.push({ step, member: raw[at] ?? '', score: Number(raw[at + 1]) });
      const fresh = entries.filter((entry) => place === undefined || isBehind(entry, place));
      if (fresh.length > 0 || entries.length === 0) return fresh;
      start += entries.length;
    }
  });
}

async function findStart(redis: Redis, zset: string, place: IndexEntry | undefined): Promise<number> {
  if (place === undefined) return 0;
  const [rank, score] = await Promise.all([
    redis.zrank(zset, place.member),
    redis.zscore(zset, place.member),
  ]);
  return rank !== null && Number(score) === place.score
    ? rank + 1
    : await redis.zcount(zset, '-inf', `(${place.score}`);
}

/** Redis orders by score, then by the bytes of the member. */
function isBehind(entry: IndexEntry, place: IndexEntry): boolean {
  return entry.score > place.score || (entry.score === place.score && entry.member > place.member);
}
