import { type DepthStanding, followDepth } from './depth-rules.ts';
import { type Bucket, cutSeries, type Tally, tallyShare } from './figures.ts';
import {
  bucketMs,
  type DepthTrigger,
  type ShareTrigger,
  type TriggerName,
  triggerTable,
} from './thresholds.ts';

/** `no-data` is no verdict: neither healthy nor a reason to act. */
export type Verdict = 'pass' | 'fail' | 'no-data';

export interface Judgement {
  readonly verdict: Verdict;
  /** The share in basis points, or the depth; absent with nothing to judge. */
  readonly value?: number;
  /** The line, in the same unit; absent when there is no baseline. */
  readonly line?: number;
  /** What the verdict rests on: requests, tokens, or samples of the depth. */
  readonly samples: number;
  readonly samplesMin: number;
  /** In words, with figures. */
  readonly detail: string;
}

export interface JudgeMoment {
  /** The end of the last whole bucket, epoch ms. */
  readonly atMs: number;
  /** When a person last released this trigger; nothing before it counts. 0: never. */
  readonly sinceMs: number;
  readonly samplesMin: number;
  readonly depthFloor: number;
}

/**
 * Judges one trigger at an instant, from the fleet's series alone: whoever has the series comes to the same verdict,
 * so a guard that takes over goes on where the other one stopped.
 */
export function judgeTrigger(name: TriggerName, series: readonly Bucket[], moment: JudgeMoment): Judgement {
  const rule: ShareTrigger | DepthTrigger = triggerTable[name];
  return rule.kind === 'share' ? judgeShare(rule, series, moment) : judgeDepth(rule, series, moment);
}

/** The part of the series that a judgement rests on: what an incident keeps. */
export function cutEvidence(name: TriggerName, series: readonly Bucket[], atMs: number): readonly Bucket[] {
  return cutSeries(series, atMs - triggerTable[name].spanMs, atMs + bucketMs);
}

function judgeShare(rule: ShareTrigger, series: readonly Bucket[], moment: JudgeMoment): Judgement {
  const { atMs, samplesMin } = moment;
  const from = Math.max(atMs - rule.spanMs, moment.sinceMs);
  const whole = tallyShare(cutSeries(series, from, atMs), rule.figure);
  const base = { line: rule.basisPoints, samples: whole.total, samplesMin };
  if (whole.total === 0) return { ...base, verdict: 'no-data', detail: 'nothing was counted' };
  const value = toBasisPoints(whole);
  const detail = `${whole.bad} of ${whole.total} (${(value / 100).toFixed(2)} %)`;
  if (whole.total < samplesMin)
    return { ...base, value, verdict: 'no-data', detail: `${detail}: fewer than ${samplesMin}` };
  return { ...base, value, detail, verdict: judgeWindows(rule, series, moment, whole) };
}

function judgeWindows(
  rule: ShareTrigger,
  series: readonly Bucket[],
  { atMs, sinceMs }: JudgeMoment,
  whole: Tally,
): Verdict {
  if (!isOverLine(rule, whole)) return 'pass';
  let isWhole = true;
  for (let end = atMs; end - rule.windowMs >= atMs - rule.spanMs; end -= bucketMs) {
    const from = Math.max(end - rule.windowMs, sinceMs);
    const tally = tallyShare(cutSeries(series, from, end), rule.figure);
    if (tally.total === 0) isWhole = false;
    else if (!isOverLine(rule, tally)) return 'pass';
  }
  return isWhole ? 'fail' : 'no-data';
}

/** Whole numbers on both sides: a share exactly on the line is exactly on the line. */
function isOverLine(rule: ShareTrigger, { bad, total }: Tally): boolean {
  const difference = 10_000 * bad - rule.basisPoints * total;
  return rule.comparison === 'at-least' ? difference >= 0 : difference > 0;
}

function judgeDepth(rule: DepthTrigger, series: readonly Bucket[], moment: JudgeMoment): Judgement {
  const standing = followDepth(series, rule, {
    atMs: moment.atMs,
    sinceMs: moment.sinceMs,
    floor: moment.depthFloor,
  });
  const { depth, baseline } = standing;
  return {
    verdict: judgeStanding(rule, standing),
    ...(depth === undefined ? {} : { value: depth }),
    ...(baseline === undefined ? {} : { line: rule.timesBaseline * baseline }),
    samples: standing.samples,
    samplesMin: rule.baselineSamplesMin,
    detail: describeStanding(standing),
  };
}

function judgeStanding(rule: DepthTrigger, standing: DepthStanding): Verdict {
  if (standing.depth === undefined || standing.baseline === undefined || standing.isHeld) return 'no-data';
  return (standing.overMs ?? -1) >= rule.spanMs ? 'fail' : 'pass';
}

function describeStanding({ depth, baseline, isHeld, overMs }: DepthStanding): string {
  if (depth === undefined) return 'nobody has counted the queue of late';
  if (isHeld) return `depth ${depth}: consumers are paused, so it is our own doing`;
  if (baseline === undefined) return `depth ${depth}: no baseline yet`;
  return `depth ${depth}, baseline ${baseline}, over for ${Math.round((overMs ?? 0) / 1_000)} s`;
}

function toBasisPoints({ bad, total }: Tally): number {
  return total === 0 ? 0 : (10_000 * bad) / total;
}
