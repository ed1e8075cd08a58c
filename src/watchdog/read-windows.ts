import type { Redis } from 'ioredis';
import { type Bucket, type CounterName, type Counts, counterNames } from '../domain/fleet-counters.ts';
import { bucketMs } from '../domain/thresholds.ts';
import type { Keys } from '../store/keys.ts';
import { toStoreError } from '../store/scripts.ts';
import { clientCountersKeptMs, toBucketStart } from './add-to-windows.ts';

/** Reads the fleet's series. */
export interface WindowReader {
  /** The buckets that begin in [fromMs, toMs], in order; those that nobody wrote are left out. */
  read(fromMs: number, toMs: number): Promise<readonly Bucket[]>;
}

/** A bucket this long past its end does not change any more: processes write every few seconds. */
const settledAfterMs = 120_000;
const known: ReadonlySet<string> = new Set(counterNames);

/** Keeps settled buckets in memory, so that a look at two hours costs a dozen reads. Throws `store-unavailable`. */
export function createWindowReader(redis: Redis, keys: Keys, now: () => number): WindowReader {
  const settled = new Map<number, Bucket | undefined>();
  return {
    read: async (fromMs, toMs) => {
      const starts: number[] = [];
      for (let start = toBucketStart(fromMs); start <= toMs; start += bucketMs) starts.push(start);
      const nowMs = now();
      const missing = starts.filter((start) => !settled.has(start));
      const fresh = await readBuckets({ redis, keys, nowMs }, missing);
      for (const [start, bucket] of fresh) {
        if (start + bucketMs + settledAfterMs <= nowMs) settled.set(start, bucket);
      }
      for (const start of settled.keys()) if (start < fromMs) settled.delete(start);
      return starts.flatMap((start) => fresh.get(start) ?? settled.get(start) ?? []);
    },
  };
}

async function readBuckets(
  { redis, keys, nowMs }: { redis: Redis; keys: Keys; nowMs: number },
  starts: readonly number[],
): Promise<Map<number, Bucket | undefined>> {
  const shard = keys.central;
  const withClients = starts.filter((start) => nowMs - start <= clientCountersKeptMs);
  const [figures, clients] = await Promise.all([
    readHashes(redis, starts.map(shard.fleetCounters)),
    readHashes(redis, withClients.map(shard.clientCounters)),
  ]);
  const clientsAt = new Map(withClients.map((start, index) => [start, parseClients(clients[index] ?? {})]));
  return new Map(
    starts.map((startMs, index) => {
      const whole = parseCounters(figures[index] ?? {});
      const parts = clientsAt.get(startMs);
      if (whole === undefined) return [startMs, undefined];
      return [startMs, { startMs, figures: whole, ...(parts === undefined ? {} : { clients: parts }) }];
    }),
  );
}

async function readHashes(redis: Redis, keys: readonly string[]): Promise<readonly Record<string, string>[]> {
  const reads = redis.pipeline();
  for (const key of keys) reads.hgetall(key);
  const results = (await reads.exec()) ?? [];
  return keys.map((_key, index) => {
    const [error, fields] = results[index] ?? [new Error('no answer')];
    if (error !== null) throw toStoreError('read figures', error);
    return fields as Record<string, string>;
  });
}

/** `<figure> <client>` → count, by client; undefined when nobody has a part. */
function parseClients(
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, Counts>> | undefined {
  const found = new Map<string, Record<string, string>>();
  for (const [field, count] of Object.entries(fields)) {
    const [figure = '', client = ''] = field.split(' ', 2);
    found.set(client, { ...found.get(client), [figure]: count });
  }
  const parsed = [...found].map(([client, counts]) => [client, parseCounters(counts) ?? {}] as const);
  return parsed.length === 0 ? undefined : Object.fromEntries(parsed);
}

/** Undefined for a bucket that nobody wrote. Counts of a newer version are left out. */
export function parseCounters(fields: Readonly<Record<string, string>>): Counts | undefined {
  const entries = Object.entries(fields)
    .filter(([name]) => known.has(name))
    .map(([name, value]): [CounterName, number] => [name as CounterName, Number(value)]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
