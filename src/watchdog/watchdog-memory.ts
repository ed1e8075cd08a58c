import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type TriggerName, triggerNames } from '../domain/thresholds.ts';
import type { Keys } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';
import { readStored } from '../store/unreadable-record.ts';
import type { FleetJudgement } from './judge-fleet.ts';
import type { SloReport } from './report-slos.ts';

/** What guards keep in the store between two judgements, so that any of them can go on. */
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
  const fields = await callStore('read guard', () => redis.hgetall(keys.shard(0).guard));
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

/** What the guard last wrote down, as any process may read it. */
export interface WatchdogRecord {
  /** Absent when no guard has ever judged. */
  readonly judgement: FleetJudgement | undefined;
  readonly slos: SloReport | undefined;
  readonly latches: ReadonlyMap<TriggerName, string>;
  /** False: no guard has judged of late, so what is shown here is old and nothing is being watched. */
  readonly isFresh: boolean;
}

/** Three judgements missed. */
export const staleAfterMs = 40_000;

/** Reads it. Throws `store-unavailable`. */
export async function readWatchdog(redis: Redis, keys: Keys, nowMs: number): Promise<WatchdogRecord> {
  const { fields, latches } = await readWatchdogMemory(redis, keys);
  const judgement = parse(fields['judgement']) as FleetJudgement | undefined;
  return {
    judgement,
    slos: parse(fields['slos']) as SloReport | undefined,
    latches,
    isFresh: judgement !== undefined && nowMs - Date.parse(judgement.at) < staleAfterMs,
  };
}

function parse(text: string | undefined): unknown {
  return readStored(text, z.looseObject({ at: z.string() }));
}
