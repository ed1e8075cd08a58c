import { type DepthState, followDepth } from './depth-rules.ts';
import { type Bucket, cutSeries, type Tally } from './fleet-counters.ts';
import { measureShare, type ShareState } from './share-rules.ts';
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
 * so a watchdog that takes over goes on where the other one stopped.
 */
export function judgeTrigger(name: TriggerName, series: readonly Bucket[], moment: JudgeMoment): Judgement {
  const rule: ShareTrigger | DepthTrigger = triggerTable[name];
  return rule.kind === 'share' ? judgeShare(rule, series, moment) : judgeDepth(rule, series, moment);
}

/** The part of the series that a judgement rests on: what an incident keeps, for months. The parts of clients are many. */
export function cutEvidence(name: TriggerName, series: readonly Bucket[], atMs: number): readonly Bucket[] {
  const span = cutSeries(series, atMs - triggerTable[name].spanMs, atMs + bucketMs);
  return span.map(({ startMs, figures }) => ({ startMs, figures }));
}

function judgeShare(rule: ShareTrigger, series: readonly Bucket[], moment: JudgeMoment): Judgement {
  const { samplesMin } = moment;
  const state = measureShare(rule, series, moment);
  const { judged, samples, isOver } = state;
  const base = { line: rule.basisPoints, samples, samplesMin };
  if (samples === 0) return { ...base, verdict: 'no-data', detail: 'nothing was counted' };
  const value = toBasisPoints(judged);
  const detail = describeShare(rule, state);
  if (samples < samplesMin)
    return { ...base, value, verdict: 'no-data', detail: `${detail}: fewer than ${samplesMin}` };
  return { ...base, value, detail, verdict: toVerdict(isOver) };
}

function toVerdict(isOver: boolean | undefined): Verdict {
  if (isOver === undefined) return 'no-data';
  return isOver ? 'fail' : 'pass';
}

function describeShare(
  { clientSamplesMax }: ShareTrigger,
  { counted, judged, withoutOne }: ShareState,
): string {
  const { bad, total } = counted;
  const weighed =
    judged.total === total
      ? ''
      : `; ${toPercent(judged)} when a client counts for ${clientSamplesMax} at most`;
  const alone = withoutOne === undefined ? '' : `; ${toPercent(withoutOne)} without one client`;
  return `${bad} of ${total} (${toPercent(counted)})${weighed}${alone}`;
}

function toPercent(tally: Tally): string {
  return `${(toBasisPoints(tally) / 100).toFixed(2)} %`;
}

function judgeDepth(rule: DepthTrigger, series: readonly Bucket[], moment: JudgeMoment): Judgement {
  const state = followDepth(series, rule, {
    atMs: moment.atMs,
    sinceMs: moment.sinceMs,
    floor: moment.depthFloor,
  });
  const { depth, baseline } = state;
  return {
    verdict: judgeDepthState(rule, state),
    ...(depth === undefined ? {} : { value: depth }),
    ...(baseline === undefined ? {} : { line: rule.timesBaseline * baseline }),
    samples: state.samples,
    samplesMin: rule.baselineSamplesMin,
    detail: describeDepth(state),
  };
}

function judgeDepthState(rule: DepthTrigger, state: DepthState): Verdict {
  if (state.depth === undefined || state.baseline === undefined || state.isHeld) return 'no-data';
  return (state.overMs ?? -1) >= rule.spanMs ? 'fail' : 'pass';
}

function describeDepth({ depth, others, baseline, isHeld, overMs }: DepthState): string {
  if (depth === undefined) return 'nobody has counted the queue of late';
  if (isHeld) return `depth ${depth}: consumers are paused, so it is our own doing`;
  if (baseline === undefined) return `depth ${depth}: no baseline yet`;
  const alone = others === undefined ? '' : ` (${others} without one client)`;
  return `depth ${depth}${alone}, baseline ${baseline}, over for ${Math.round((overMs ?? 0) / 1_000)} s`;
}

function toBasisPoints({ bad, total }: Tally): number {
  return total === 0 ? 0 : (10_000 * bad) / total;
}
