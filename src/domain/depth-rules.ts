import type { Bucket, Counts } from './fleet-counters.ts';
import type { DepthTrigger } from './thresholds.ts';

export interface DepthMoment {
  readonly atMs: number;
  /** What happened before a person released the trigger is no longer held against anyone. */
  readonly sinceMs: number;
  /** The baseline is never lower: twice nothing is nothing. */
  readonly floor: number;
}

/** The state of the depth at an instant. Without `baseline` there were too few quiet samples to know one. */
export interface DepthState {
  readonly depth: number | undefined;
  /** The depth without the jobs of the client that has most, where somebody looked. */
  readonly others: number | undefined;
  readonly baseline: number | undefined;
  /** We hold the queue back ourselves: its depth is our own doing. */
  readonly isHeld: boolean;
  /** How long it has been over the line without a break; undefined when it is not. */
  readonly overMs: number | undefined;
  readonly samples: number;
}

interface Walk {
  readonly quiet: number[];
  /** The baseline of an earlier judgement, for when the samples that it came from are gone. */
  kept: number | undefined;
  runSinceMs: number | undefined;
  lastMs: number | undefined;
}

/**
 * Follows the depth through a series. The baseline is the median of the quiet samples: those taken while the depth
 * was not over the line and nobody held the queue back, so it does not move while a run or a hold lasts: also when it
 * lasts longer than the series is kept, because each sample says the baseline of its time. One sample at or below the
 * line ends a run, and so does a gap in which nobody looked, or holding the queue back. What one client alone has
 * waiting is no run either: a flood of one must not hold up what all others wait for.
 */
export function followDepth(series: readonly Bucket[], rule: DepthTrigger, moment: DepthMoment): DepthState {
  const samples = series.filter(
    ({ startMs, figures }) => figures.depth !== undefined && startMs <= moment.atMs,
  );
  const walk: Walk = { quiet: [], kept: undefined, runSinceMs: undefined, lastMs: undefined };
  for (const sample of samples) step(walk, sample, rule, moment);
  const newest = samples.at(-1);
  const isFresh = newest !== undefined && moment.atMs - newest.startMs <= rule.gapMsMax;
  return {
    depth: isFresh ? newest.figures.depth : undefined,
    others: isFresh ? newest.figures['depth-others'] : undefined,
    baseline: findBaseline(walk, rule, moment.floor),
    isHeld: isHeld(newest),
    overMs: isFresh ? measureRun(walk, newest, moment.sinceMs) : undefined,
    samples: samples.length,
  };
}

/** Undefined when there is no run: the newest sample is not over the line. */
function measureRun(walk: Walk, newest: Bucket, sinceMs: number): number | undefined {
  if (walk.runSinceMs === undefined) return undefined;
  return Math.max(0, newest.startMs - Math.max(walk.runSinceMs, sinceMs));
}

function step(walk: Walk, bucket: Bucket, rule: DepthTrigger, moment: DepthMoment): void {
  const { startMs, figures } = bucket;
  if (walk.lastMs !== undefined && startMs - walk.lastMs > rule.gapMsMax) walk.runSinceMs = undefined;
  walk.lastMs = startMs;
  walk.kept = figures['depth-baseline'] ?? walk.kept;
  if (isHeld(bucket)) {
    walk.runSinceMs = undefined;
    return;
  }
  const sampleKind = classifySample(figures, findBaseline(walk, rule, moment.floor), rule);
  walk.runSinceMs = sampleKind === 'over' ? (walk.runSinceMs ?? startMs) : undefined;
  if (sampleKind !== 'usual') return;
  walk.quiet.push(figures.depth ?? 0);
  if (walk.quiet.length > rule.baselineSamplesMax) walk.quiet.shift();
}

/** `of-one`: over its line, and one client alone brings it there, where somebody looked whose jobs they are. */
function classifySample(
  { depth = 0, 'depth-others': others = depth }: Counts,
  baseline: number | undefined,
  rule: DepthTrigger,
): 'usual' | 'over' | 'of-one' {
  if (baseline === undefined || !isDepthOver(depth, baseline, rule)) return 'usual';
  return isDepthOver(others, baseline, rule) ? 'over' : 'of-one';
}

/** Beyond the line; exactly on it is not. */
export function isDepthOver(depth: number, baseline: number, rule: DepthTrigger): boolean {
  return depth > rule.timesBaseline * baseline;
}

function findBaseline({ quiet, kept }: Walk, rule: DepthTrigger, floor: number): number | undefined {
  if (quiet.length < rule.baselineSamplesMin) return kept === undefined ? undefined : Math.max(floor, kept);
  const sorted = Float64Array.from(quiet).sort();
  return Math.max(floor, sorted[Math.floor((sorted.length - 1) / 2)] ?? 0);
}

function isHeld(bucket: Bucket | undefined): boolean {
  return (bucket?.figures['depth-held'] ?? 0) > 0;
}
