import type { Measurement } from './benchmark.ts';

/** The rounds summed up. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Median, least and most. Throws `RangeError` when there is nothing to sum up. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 0.5), low: percentile(values, 0), high: percentile(values, 1) };
}

/**
 * The value below or at which the given share (0 to 1) lies, between two neighbours in proportion. Throws `RangeError`
 * for no values, and for a value that is not a number: a broken measurement must not look like a good one.
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

export type Verdict = 'pass' | 'MISSED' | undefined;

/** Whether the median meets the target; undefined without one. */
export function judge(figure: Measurement): Verdict {
  const { target, better } = figure;
  if (target === undefined) return undefined;
  const value = target.on === 'ours' ? spreadOf(figure.ours) : ratioOf(figure);
  if (value === undefined) throw new RangeError(`${figure.what}: a target for a ratio that there is not`);
  const isMet = better === 'more' ? value.median >= target.limit : value.median <= target.limit;
  return isMet ? 'pass' : 'MISSED';
}
