/** What is known of the proof of life: a synthetic event that walks the whole path and is delivered nowhere. */
export interface ProofFacts {
  readonly nowMs: number;
  /** A proof is begun this often. */
  readonly intervalMs: number;
  /** Since when the one who asks could have seen a proof. */
  readonly watchedSinceMs: number;
  /** When the last proof came back. */
  readonly doneAtMs?: number;
  /** How long that one took. */
  readonly tookMs?: number;
  /** When consumers were last seen paused: no proof is due then. */
  readonly pausedAtMs?: number;
  readonly isPaused: boolean;
  /** Why the last proof that came to nothing did. */
  readonly fault?: string;
}

export interface ProofVerdict {
  readonly ok: boolean;
  readonly detail: string;
  /** Time since the last proof came back. */
  readonly ageMs?: number;
}

/** With a proof older than this many intervals, work is not being done. */
export const proofIntervalsMax = 3;
/** A system that has just started has this many intervals to come up with its first proof. */
export const proofGraceIntervals = 2;

/**
 * Judges the proof of life. A pause by a person is not a failure: nothing is due then, and after it the intervals
 * count anew.
 */
export function judgeProofOfLife(facts: ProofFacts): ProofVerdict {
  const { nowMs, intervalMs, doneAtMs, pausedAtMs } = facts;
  const age = doneAtMs === undefined ? {} : { ageMs: Math.max(0, nowMs - doneAtMs) };
  const last = describeLast(facts, age.ageMs);
  if (facts.isPaused) return { ok: true, detail: `not due: consumers are paused; ${last}`, ...age };
  const dueSinceMs = Math.max(doneAtMs ?? 0, pausedAtMs ?? 0);
  if (nowMs - dueSinceMs <= proofIntervalsMax * intervalMs) return { ok: true, detail: last, ...age };
  if (nowMs - facts.watchedSinceMs <= proofGraceIntervals * intervalMs)
    return { ok: true, detail: `just started; ${last}`, ...age };
  const fault = facts.fault === undefined ? '' : `; the last one came to: ${facts.fault}`;
  return {
    ok: false,
    detail: `${last}, and one is due every ${inSeconds(intervalMs)}: is a planner, sender or guard stuck?${fault}`,
    ...age,
  };
}

function describeLast({ tookMs }: ProofFacts, ageMs: number | undefined): string {
  if (ageMs === undefined) return 'no proof yet';
  return `last proof ${inSeconds(ageMs)} ago${tookMs === undefined ? '' : `, took ${tookMs} ms`}`;
}

function inSeconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
