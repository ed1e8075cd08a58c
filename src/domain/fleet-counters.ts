import { apiP95TriggerMs, type LatencyEdgeMs, latencyEdgesMs, type ShareCounter } from './thresholds.ts';

/** How many requests took at most so long, and longer than the edge before it; `over` is beyond the last edge. */
export type LatencyBin = `ms:${LatencyEdgeMs}` | 'ms:over';

/** The counters, besides its latency, that a request can add to. */
export const requestCounters = [
  'requests',
  'errors',
  'outages',
  'set-aside',
  'strangers',
  'unjudged',
  'aborted',
  'tokens-good',
  'tokens-bad',
  'tokens-repeated',
  'tokens-garbage',
] as const;

/**
 * What is counted in each ten-second bucket, over the whole fleet. Which request adds to what: `countersOf`.
 *
 * Requests of verified clients: `requests`, of them `errors` (5xx of ours); beside them `outages` (503, because the
 * store is away) and `set-aside` (refused by our own decision). Of nobody known: `strangers` (no good token),
 * `unjudged` (no key could be had). `aborted`: the peer left before the response.
 * Tokens: `tokens-good`; `tokens-bad` (of our issuer, each once), `tokens-repeated` (such a one again);
 * `tokens-garbage`. `alive`: API processes that wrote. `sent`, `dead`: messages that ended so.
 * `depth`: jobs that wait; `depth-others`: without those of the client that has most, looked at while the depth is over
 * its line; `depth-held`: 1 while we held them back; `depth-baseline`: what was usual then; `depth-judged`,
 * `depth-over`: samples that had a baseline, and those beyond twice of it.
 */
const plainCounters = [
  ...requestCounters,
  'alive',
  'sent',
  'dead',
  'depth',
  'depth-others',
  'depth-held',
  'depth-baseline',
  'depth-judged',
  'depth-over',
] as const;
export type CounterName = (typeof plainCounters)[number] | LatencyBin;
export type Counts = Readonly<Partial<Record<CounterName, number>>>;

/** The counts of one ten-second bucket. A series is in order of time; a bucket that is not there was not seen. */
export interface Bucket {
  readonly startMs: number;
  readonly figures: Counts;
  /** The part of each client in them, by its id; kept for as long as a trigger looks back, and for verdicts alone. */
  readonly clients?: Readonly<Record<string, Counts>>;
}

export interface Tally {
  readonly bad: number;
  readonly total: number;
}

export const latencyBins: readonly LatencyBin[] = [
  ...latencyEdgesMs.map((edge): LatencyBin => `ms:${edge}`),
  'ms:over',
];
export const counterNames: readonly CounterName[] = [...plainCounters, ...latencyBins];

export function isLatencyBin(counter: CounterName): counter is LatencyBin {
  return counter.startsWith('ms:');
}

/** The bin of a request that took `ms`: an edge belongs to the bin below it, as in Prometheus. */
export function findLatencyBin(ms: number): LatencyBin {
  const edge = latencyEdgesMs.find((upper) => ms <= upper);
  return edge === undefined ? 'ms:over' : `ms:${edge}`;
}

/** Requests that were timed, and those that took longer than an edge. */
export function tallySlower(series: readonly Bucket[], edgeMs: LatencyEdgeMs): Tally {
  const total = latencyBins.reduce((sum, bin) => sum + sumCounter(series, bin), 0);
  const within = latencyEdgesMs
    .filter((edge) => edge <= edgeMs)
    .reduce((sum, edge) => sum + sumCounter(series, `ms:${edge}`), 0);
  return { bad: total - within, total };
}

/** The bad ones and all of them, for a share that a trigger judges. */
export function tallyShare(series: readonly Bucket[], counter: ShareCounter): Tally {
  switch (counter) {
    case 'requests-failed':
      return { bad: sumCounter(series, 'errors'), total: sumCounter(series, 'requests') };
    case 'tokens-bad':
      return tallyTokens(series);
    case 'requests-over-300-ms':
      return tallySlower(series, apiP95TriggerMs);
    default:
      return counter satisfies never;
  }
}

/** What a verdict on a share rests on. A bad token that is sent again is no other token, and yet an attempt more. */
export function countSamples(series: readonly Bucket[], counter: ShareCounter): number {
  const { total } = tallyShare(series, counter);
  return counter === 'tokens-bad' ? total + sumCounter(series, 'tokens-repeated') : total;
}

export function tallyTokens(series: readonly Bucket[]): Tally {
  const bad = sumCounter(series, 'tokens-bad');
  return { bad, total: bad + sumCounter(series, 'tokens-good') };
}

/** Requests that clients brought and got a 5xx for, whoever is to blame, and all that were not refused by decision. */
export function tallyFailures(series: readonly Bucket[]): Tally {
  const outages = sumCounter(series, 'outages');
  return { bad: outages + sumCounter(series, 'errors'), total: outages + sumCounter(series, 'requests') };
}

export function sumCounter(series: readonly Bucket[], name: CounterName): number {
  return series.reduce((sum, { figures }) => sum + (figures[name] ?? 0), 0);
}

/** The buckets that lie in [fromMs, toMs). */
export function cutSeries(series: readonly Bucket[], fromMs: number, toMs: number): readonly Bucket[] {
  return series.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
}

/** Every client that has a part in the series. */
export function listClients(series: readonly Bucket[]): readonly string[] {
  return [...new Set(series.flatMap(({ clients = {} }) => Object.keys(clients)))];
}

/** The series of one client alone. */
export function cutClient(series: readonly Bucket[], client: string): readonly Bucket[] {
  return series.map(({ startMs, clients }) => ({ startMs, figures: clients?.[client] ?? {} }));
}
