import type { Redis } from 'ioredis';
import { type Bucket, type FigureName, type Figures, figureNames } from '../domain/figures.ts';
import { bucketMs } from '../domain/thresholds.ts';
import type { Keys } from '../store/keys.ts';
import { toStoreError } from '../store/scripts.ts';
import { toBucketStart } from './add-to-windows.ts';

/** Reads the fleet's series. */
export interface WindowReader {
  /** The buckets that begin in [fromMs, toMs], in order; those that nobody wrote are left out. */
  read(fromMs: number, toMs: number): Promise<readonly Bucket[]>;
}

/** A bucket this long past its end does not change any more: processes write every few seconds. */
const settledAfterMs = 120_000;
const known: ReadonlySet<string> = new Set(figureNames);

/** Keeps settled buckets in memory, so that a look at two hours costs a dozen reads. Throws `store-unavailable`. */
export function createWindowReader(redis: Redis, keys: Keys, now: () => number): WindowReader {
  const settled = new Map<number, Figures | undefined>();
  return {
    read: async (fromMs, toMs) => {
      const starts: number[] = [];
      for (let start = toBucketStart(fromMs); start <= toMs; start += bucketMs) starts.push(start);
      const nowMs = now();
      const missing = starts.filter((start) => !settled.has(start));
      const fresh = await readFigures(redis, keys, missing);
      for (const [start, figures] of fresh) {
        if (start + bucketMs + settledAfterMs <= nowMs) settled.set(start, figures);
      }
      for (const start of settled.keys()) if (start < fromMs) settled.delete(start);
      return starts.flatMap((startMs) => {
        const figures = fresh.get(startMs) ?? settled.get(startMs);
        return figures === undefined ? [] : [{ startMs, figures }];
      });
    },
  };
}

async function readFigures(
  redis: Redis,
  keys: Keys,
  starts: readonly number[],
): Promise<Map<number, Figures | undefined>> {
  const reads = redis.pipeline();
  for (const start of starts) reads.hgetall(keys.shard(0).figures(start));
  const answers = (await reads.exec()) ?? [];
  const found = new Map<number, Figures | undefined>();
  for (const [index, start] of starts.entries()) {
    const [error, fields] = answers[index] ?? [new Error('no answer')];
    if (error !== null) throw toStoreError('read figures', error);
    found.set(start, parseFigures(fields as Record<string, string>));
  }
  return found;
}

/** Undefined for a bucket that nobody wrote. Figures of a newer version are left out. */
export function parseFigures(fields: Readonly<Record<string, string>>): Figures | undefined {
  const entries = Object.entries(fields)
    .filter(([name]) => known.has(name))
    .map(([name, value]): [FigureName, number] => [name as FigureName, Number(value)]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
