import type { Measurement } from './benchmark.ts';

/** The rounds summed up. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export type Verdict = 'pass' | 'MISSED';

/** A measurement with all that follows from its rounds. */
export interface Figure extends Measurement {
  readonly ourSpread: Spread;
  readonly theirSpread?: Spread;
  readonly ratio?: Spread;
  /** Whether the median meets the target; absent without one. */
  readonly verdict?: Verdict;
  /** Where there is a target: the least of the rounds lies more than 15 % below their median, so the verdict is weak. */
  readonly isWide?: true;
}

/** How far below the median the least of the rounds may lie. */
const leastShareMin = 0.85;

/**
 * Throws `RangeError` when a round is missing or is no number, and for a target on a ratio that there is not: a broken
 * measurement must not look like a good one.
 */
export function toFigure(measurement: Measurement): Figure {
  const { ours, theirs, target, better, what } = measurement;
  const ourSpread = spreadOf(ours);
  const head = { ...measurement, ourSpread };
  const ratio = ratioOf(measurement);
  const compared =
    theirs === undefined || ratio === undefined ? {} : { theirSpread: spreadOf(theirs), ratio };
  if (target === undefined) return { ...head, ...compared };
  const judged = target.on === 'ours' ? ourSpread : ratio;
  if (judged === undefined) throw new RangeError(`${what}: a target for a ratio that there is not`);
  const isMet = better === 'more' ? judged.median >= target.limit : judged.median <= target.limit;
  const isWide = judged.low < leastShareMin * judged.median;
  return { ...head, ...compared, verdict: isMet ? 'pass' : 'MISSED', ...(isWide ? { isWide } : {}) };
}

/** Median, least and most. Throws `RangeError` when there is nothing to sum up. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 0.5), low: percentile(values, 0), high: percentile(values, 1) };
}

/**
 * The value below or at which the given share (0 to 1) lies, between two neighbours in proportion. Throws `RangeError`
 * for no values, and for a value that is not a number.
 */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new RangeError(`no percentile of [${values.slice(0, 5).join(', ')}]`);
  const sorted = values.toSorted((one, other) => one - other);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? 0;
  return below + (above - below) * (at - Math.floor(at));
}

/** Ours ÷ theirs, round by round: what disturbed the machine disturbed both sides of a round. */
export function ratioOf({ ours, theirs }: Pick<Measurement, 'ours' | 'theirs'>): Spread | undefined {
  if (theirs === undefined) return undefined;
  if (theirs.length !== ours.length) throw new RangeError(`${ours.length} rounds beside ${theirs.length}`);
  return spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}
