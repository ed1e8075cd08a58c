import type { Redis } from 'ioredis';
import {
  type Bucket,
  type CounterName,
  type Counts,
  counterNames,
  sumCounter,
} from '../domain/fleet-counters.ts';
import { dayMs } from '../domain/instant.ts';
import { isUp, type Slot } from '../domain/slo-rules.ts';
import { bucketMs, budgetWindowMs, slotMs } from '../domain/thresholds.ts';
import type { Keys } from '../store/keys.ts';
import { callStore, toStoreError } from '../store/scripts.ts';
import { countersKeptMs } from './add-to-windows.ts';
import { parseCounters } from './read-windows.ts';

const keptMs = budgetWindowMs + 2 * dayMs;

/**
 * Adds buckets up into five-minute slots, from the store's own buckets and never to what is there: rolling up twice
 * changes nothing, and a watchdog that was away for less than the buckets live catches up.
 */
export async function rollUpSlots(
  redis: Redis,
  keys: Keys,
  series: readonly Bucket[],
  atMs: number,
): Promise<void> {
  // A slot whose first bucket may have expired is not whole any more, and stays as it was.
  const fromMs = Math.ceil((atMs - countersKeptMs + slotMs) / slotMs) * slotMs;
  const writes = redis.multi();
  for (let startMs = fromMs; startMs < atMs; startMs += slotMs) {
    const slot = addUp(series, startMs, Math.min(atMs, startMs + slotMs));
    if (slot === undefined) continue;
    const key = keys.central.slots(toDay(startMs));
    writes.hset(key, String(startMs), JSON.stringify({ ...slot.figures, up: slot.up }));
    writes.pexpire(key, keptMs);
  }
  await callStore('roll up slots', () => writes.exec());
}

/** The slots that begin in [fromMs, toMs), in order. */
export async function readSlots(
  redis: Redis,
  keys: Keys,
  fromMs: number,
  toMs: number,
): Promise<readonly Slot[]> {
  const reads = redis.pipeline();
  for (let dayAt = Math.floor(fromMs / dayMs) * dayMs; dayAt < toMs; dayAt += dayMs)
    reads.hgetall(keys.central.slots(toDay(dayAt)));
  const slots: Slot[] = [];
  for (const [error, fields] of (await reads.exec()) ?? []) {
    if (error !== null) throw toStoreError('read slots', error);
    for (const [start, text] of Object.entries(fields as Record<string, string>)) {
      const startMs = Number(start);
      if (startMs >= fromMs && startMs < toMs) slots.push(parseSlot(startMs, text));
    }
  }
  return slots.sort((left, right) => left.startMs - right.startMs);
}

/** A bucket as a slot of its own, so that short and long windows are counted alike. */
export function toSlot(bucket: Bucket): Slot {
  return { ...bucket, up: isUp(bucket) ? 1 : 0 };
}

/** How many buckets a span ought to hold. */
export function countBuckets(fromMs: number, toMs: number): number {
  return Math.max(0, Math.floor((toMs - fromMs) / bucketMs));
}

function addUp(series: readonly Bucket[], fromMs: number, toMs: number): Slot | undefined {
  const buckets = series.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
  if (buckets.length === 0) return undefined;
  const sums = counterNames
    .map((name): [CounterName, number] => [name, sumCounter(buckets, name)])
    .filter(([, sum]) => sum > 0);
  const figures: Counts = Object.fromEntries(sums);
  return { startMs: fromMs, figures, up: buckets.filter(isUp).length };
}

function parseSlot(startMs: number, text: string): Slot {
  const fields = JSON.parse(text) as Record<string, string>;
  return { startMs, figures: parseCounters(fields) ?? {}, up: Number(fields['up'] ?? 0) };
}

function toDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
