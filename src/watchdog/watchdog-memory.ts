import type { Redis } from 'ioredis';
import { type TriggerName, triggerNames } from '../domain/thresholds.ts';
import type { Keys } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';

/** What watchdogs keep in the store between two judgements, so that any of them can go on. */
export interface WatchdogMemory {
  /** Id of the open incident of each latched trigger. */
  readonly latches: ReadonlyMap<TriggerName, string>;
  /** When a person last released each trigger, epoch ms. */
  readonly releasedAt: ReadonlyMap<TriggerName, number>;
  /** When the fleet was first judged, epoch ms: budgets are measured from here. */
  readonly sinceMs: number | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads it. Throws `store-unavailable`. */
export async function readWatchdogMemory(redis: Redis, keys: Keys): Promise<WatchdogMemory> {
  const fields = await callStore('read guard', () => redis.hgetall(keys.central.watchdog));
  const latches = new Map<TriggerName, string>();
  const releasedAt = new Map<TriggerName, number>();
  for (const name of triggerNames) {
    const latch = fields[`latch:${name}`];
    if (latch !== undefined) latches.set(name, latch);
    releasedAt.set(name, Number(fields[`released:${name}`] ?? 0));
  }
  const since = fields['since'];
  return { latches, releasedAt, sinceMs: since === undefined ? undefined : Number(since), fields };
}
