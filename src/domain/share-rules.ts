import {
  type Bucket,
  countSamples,
  cutClient,
  cutSeries,
  listClients,
  type Tally,
  tallyShare,
} from './fleet-counters.ts';
import { bucketMs, type ShareTrigger } from './thresholds.ts';

export interface ShareMoment {
  /** The end of the last whole bucket, epoch ms. */
  readonly atMs: number;
  /** Nothing before it counts. */
  readonly sinceMs: number;
  readonly samplesMin: number;
}

export interface ShareState {
  /** As it was counted. */
  readonly counted: Tally;
  /** As it is judged: no client counts for more than the rule allows. */
  readonly judged: Tally;
  readonly samples: number;
  /** Every window of the span is over the line; undefined: not every window has anything to say. */
  readonly isOver: boolean | undefined;
  /** What is left without the client that alone brings the span over the line; undefined when nobody does. */
  readonly withoutOne: Tally | undefined;
}

/** The state of a share at an instant: over the span, and in each window that lies wholly inside it. */
export function measureShare(
  rule: ShareTrigger,
  series: readonly Bucket[],
  { atMs, sinceMs, samplesMin }: ShareMoment,
): ShareState {
  const span = cutSeries(series, Math.max(atMs - rule.spanMs, sinceMs), atMs);
  const whole = weigh(rule, span, atMs);
  const { counted, judged, samples } = whole;
  const withoutOne = isOverLine(rule, judged) ? findWithoutOne(rule, whole, samplesMin) : undefined;
  let isOver: boolean | undefined = isOverLine(rule, judged);
  for (let end = atMs; isOver !== false && end - rule.windowMs >= atMs - rule.spanMs; end -= bucketMs) {
    const window = weigh(rule, cutSeries(span, end - rule.windowMs, end), end);
    if (window.samples === 0) isOver = undefined;
    else if (!isOverLine(rule, window.judged) || findWithoutOne(rule, window, samplesMin) !== undefined)
      isOver = false;
  }
  return { counted, judged, samples, isOver, withoutOne };
}

/** A window, and the part of each client in it. */
interface Weighed extends Part {
  readonly counted: Tally;
  readonly parts: readonly Part[];
}

interface Part {
  readonly judged: Tally;
  readonly samples: number;
}

function weigh(rule: ShareTrigger, series: readonly Bucket[], endMs: number): Weighed {
  const counted = tallyShare(series, rule.counter);
  const samples = countSamples(series, rule.counter);
  let judged = counted;
  const parts = listClients(series).map((client): Part => {
    const own = cutClient(series, client);
    const part = weighClient(rule, own, endMs);
    judged = add(subtract(judged, tallyShare(own, rule.counter)), part.judged);
    return part;
  });
  return { counted, judged, samples, parts };
}

/** A client weighs as much as it tries, and no more than the rule allows. */
function weighClient(rule: ShareTrigger, own: readonly Bucket[], endMs: number): Part {
  const samples = countSamples(own, rule.counter);
  const weight = Math.min(samples, rule.clientSamplesMax);
  if (isShutOut(rule, own, endMs)) return { samples, judged: { bad: weight, total: weight } };
  const { bad, total } = tallyShare(own, rule.counter);
  if (total === 0) return { samples, judged: { bad: 0, total: 0 } };
  return { samples, judged: { bad: (weight * bad) / total, total: weight } };
}

function isShutOut({ counter, shutOutMs = 0 }: ShareTrigger, own: readonly Bucket[], endMs: number): boolean {
  const lately = cutSeries(own, endMs - shutOutMs, endMs);
  const { bad, total } = tallyShare(lately, counter);
  return countSamples(lately, counter) > 0 && total === bad;
}

/**
 * On or over the line. A share exactly on it is exactly on it: half a ten-thousandth of one request to either side, so
 * that no rounding decides. Nothing bad is on no line.
 */
function isOverLine({ comparison, basisPoints }: ShareTrigger, { bad, total }: Tally): boolean {
  const difference = 10_000 * bad - basisPoints * total;
  return bad > 0 && difference > (comparison === 'at-least' ? -0.5 : 0.5);
}

/** The rest without the client that alone brings the share over the line; undefined when the others are over it too. */
function findWithoutOne(
  rule: ShareTrigger,
  { judged, samples, parts }: Weighed,
  samplesMin: number,
): Tally | undefined {
  const named = parts.reduce((sum, part) => sum + part.judged.total, 0);
  for (const part of parts.filter(({ judged: { bad } }) => bad > 0)) {
    const rest = subtract(judged, part.judged);
    const isAlone = rule.othersMin === 'some' && named === part.judged.total;
    const hasEnough = rule.othersMin === 'some' || samples - part.samples >= samplesMin;
    if (!isAlone && !(hasEnough && isOverLine(rule, rest))) return rest;
  }
  return undefined;
}

function add(left: Tally, right: Tally): Tally {
  return { bad: left.bad + right.bad, total: left.total + right.total };
}

function subtract(left: Tally, right: Tally): Tally {
  return { bad: left.bad - right.bad, total: left.total - right.total };
}
