import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { TriggerName } from '../domain/thresholds.ts';
import type { Keys } from '../store/keys.ts';
import { readStored } from '../store/unreadable-record.ts';
import type { FleetJudgement } from './judge-fleet.ts';
import type { SloReport } from './report-slos.ts';
import { readWatchdogMemory } from './watchdog-memory.ts';

/** What the watchdog last wrote down, as any process may read it. */
export interface WatchdogRecord {
  /** Absent when no watchdog has ever judged. */
  readonly judgement: FleetJudgement | undefined;
  readonly slos: SloReport | undefined;
  readonly latches: ReadonlyMap<TriggerName, string>;
  /** False: no watchdog has judged of late, so what is shown here is old and nothing is being watched. */
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
