import type { Redis } from 'ioredis';
import { type EndedRequest, type FigureName, figuresOf } from '../domain/figures.ts';
import { bucketMs } from '../domain/thresholds.ts';
import type { Keys } from '../store/keys.ts';

/** Adds what one process counts to the buckets of the whole fleet. */
export interface WindowAdder {
  /** Counts in memory; never waits and never fails. */
  countRequest(request: EndedRequest): void;
  /** Writes what was counted since, in one round trip. What the store did not take is kept for the next time. */
  flush(): Promise<void>;
}

export interface WindowAdderOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly now: () => number;
  /** Told of each figure and the request too: the same counts, for this process's own metrics. */
  readonly onCount?: (figure: FigureName, request: EndedRequest) => void;
}

export const figuresKeptMs = 3 * 3_600_000;
/** While the store is away, counts of this many buckets are kept; older ones are let go, oldest first. */
const bucketsKeptMax = 60;

/**
 * Counts in memory and writes on `flush`. A write that is known to have failed is repeated; one whose answer was
 * lost may count twice: a figure a little too high in a fault is the safe side of a line. Each flush also says that
 * this process lives, for the bucket of that moment and no other: nobody can say so afterwards.
 */
export function createWindowAdder(options: WindowAdderOptions): WindowAdder {
  const pending = new Map<number, Map<FigureName, number>>();
  const add = (startMs: number, figure: FigureName, count: number): void => {
    const figures = pending.get(startMs) ?? new Map<FigureName, number>();
    figures.set(figure, (figures.get(figure) ?? 0) + count);
    pending.set(startMs, figures);
  };
  return {
    countRequest: (request) => {
      const startMs = toBucketStart(options.now());
      for (const figure of figuresOf(request)) {
        add(startMs, figure, 1);
        options.onCount?.(figure, request);
      }
    },
    flush: async () => {
      const taken = [...pending];
      pending.clear();
      try {
        await writeFigures(options, taken);
      } catch (error) {
        for (const [startMs, figures] of taken) {
          for (const [figure, count] of figures) add(startMs, figure, count);
        }
        dropOldest(pending);
        throw error;
      }
    },
  };
}

/** The start of the bucket that an instant lies in. */
export function toBucketStart(atMs: number): number {
  return Math.floor(atMs / bucketMs) * bucketMs;
}

async function writeFigures(
  { redis, keys, now }: WindowAdderOptions,
  taken: readonly (readonly [number, ReadonlyMap<FigureName, number>])[],
): Promise<void> {
  const writes = redis.multi();
  const shard = keys.shard(0);
  for (const [startMs, figures] of taken) {
    const key = shard.figures(startMs);
    for (const [figure, count] of figures) writes.hincrby(key, figure, count);
    writes.pexpire(key, figuresKeptMs);
  }
  const present = shard.figures(toBucketStart(now()));
  writes.hincrby(present, 'alive', 1);
  writes.pexpire(present, figuresKeptMs);
  await writes.exec();
}

function dropOldest(pending: Map<number, unknown>): void {
  const starts = [...pending.keys()].sort((left, right) => left - right);
  for (const startMs of starts.slice(0, Math.max(0, starts.length - bucketsKeptMax))) pending.delete(startMs);
}
