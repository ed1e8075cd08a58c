import { apiP95TriggerMs, type LatencyEdgeMs, latencyEdgesMs, type ShareFigure } from './thresholds.ts';

/** How many requests took at most so long, and longer than the edge before it; `over` is beyond the last edge. */
export type LatencyBin = `ms:${LatencyEdgeMs}` | 'ms:over';

/**
 * What is counted in each ten-second bucket, over the whole fleet.
 *
 * `requests`, `errors` (5xx) and `set-aside` (refused by our own decision, in neither of the two): API requests.
 * `tokens-good`, `tokens-bad`, `tokens-garbage`: see `classifyTokenFault`. `alive`: API processes that wrote.
 * `sent`, `dead`: messages that ended so. `depth`: jobs that wait; `depth-held`: 1 while we held them back;
 * `depth-baseline`: what was usual then; `depth-judged`, `depth-over`: samples that had a baseline, and those beyond
 * twice of it.
 */
const countedFigures = [
  'requests',
  'errors',
  'set-aside',
  'tokens-good',
  'tokens-bad',
  'tokens-garbage',
  'alive',
  'sent',
  'dead',
  'depth',
  'depth-held',
  'depth-baseline',
  'depth-judged',
  'depth-over',
] as const;
export type FigureName = (typeof countedFigures)[number] | LatencyBin;
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** The figures of one ten-second bucket. A series is in order of time; a bucket that is not there was not seen. */
export interface Bucket {
  readonly startMs: number;
  readonly figures: Figures;
}

export interface Tally {
  readonly bad: number;
  readonly total: number;
}

export const latencyBins: readonly LatencyBin[] = [
  ...latencyEdgesMs.map((edge): LatencyBin => `ms:${edge}`),
  'ms:over',
];
export const figureNames: readonly FigureName[] = [...countedFigures, ...latencyBins];

/** The figures, besides its latency, that a request can add to. */
export const requestFigures = [
  'requests',
  'errors',
  'set-aside',
  'tokens-good',
  'tokens-bad',
  'tokens-garbage',
] as const satisfies readonly FigureName[];

export function isLatencyBin(figure: FigureName): figure is LatencyBin {
  return figure.startsWith('ms:');
}

/** The bin of a request that took `ms`: an edge belongs to the bin below it, as in Prometheus. */
export function findLatencyBin(ms: number): LatencyBin {
  const edge = latencyEdgesMs.find((upper) => ms <= upper);
  return edge === undefined ? 'ms:over' : `ms:${edge}`;
}

/** Requests that were timed, and those that took longer than an edge. */
export function tallySlower(series: readonly Bucket[], edgeMs: LatencyEdgeMs): Tally {
  const total = latencyBins.reduce((sum, bin) => sum + sumFigure(series, bin), 0);
  const within = latencyEdgesMs
    .filter((edge) => edge <= edgeMs)
    .reduce((sum, edge) => sum + sumFigure(series, `ms:${edge}`), 0);
  return { bad: total - within, total };
}

/** The bad ones and all of them, for a share that a trigger judges. */
export function tallyShare(series: readonly Bucket[], figure: ShareFigure): Tally {
  switch (figure) {
    case 'requests-failed':
      return { bad: sumFigure(series, 'errors'), total: sumFigure(series, 'requests') };
    case 'tokens-bad':
      return tallyTokens(series);
    case 'requests-over-300-ms':
      return tallySlower(series, apiP95TriggerMs);
    default:
      return figure satisfies never;
  }
}

export function tallyTokens(series: readonly Bucket[]): Tally {
  const bad = sumFigure(series, 'tokens-bad');
  return { bad, total: bad + sumFigure(series, 'tokens-good') };
}

export function sumFigure(series: readonly Bucket[], name: FigureName): number {
  return series.reduce((sum, { figures }) => sum + (figures[name] ?? 0), 0);
}

/** The buckets that lie in [fromMs, toMs). */
export function cutSeries(series: readonly Bucket[], fromMs: number, toMs: number): readonly Bucket[] {
  return series.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
}

/**
 * Faults that any stranger can cause, who has no token of our issuer: no token, no JWT, one that names another issuer
 * or a key that it has not, one whose signature is not the issuer's (`unproved`: and whose claims are at fault as
 * well). They are counted apart, because whoever floods us with them must not be able to pause intake.
 */
const garbageFaults: ReadonlySet<string> = new Set([
  'missing',
  'too-long',
  'malformed',
  'duplicate-claim',
  'claim-missing',
  'wrong-algorithm',
  'forbidden-header',
  'wrong-type',
  'wrong-issuer',
  'unknown-key',
  'bad-signature',
  'unproved',
]);

/** Which figure a rejected token belongs to: `tokens-bad` only when our issuer made it. */
export function classifyTokenFault(fault: string): 'tokens-bad' | 'tokens-garbage' {
  return garbageFaults.has(fault) ? 'tokens-garbage' : 'tokens-bad';
}

/** What the door knows of a request when its answer is done. */
export interface EndedRequest {
  /** Pattern of the route: `/api/events/:id`. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  /** The problem's code, when the answer is a problem. */
  readonly code?: string;
  readonly tokenFault?: string;
  readonly isVerified: boolean;
}

/**
 * Refusals that are our own decision: were they failures, one protection would fire the next. A full backlog would stop
 * the senders that empty it, and an issuer that is away (with the quarantine full) would stop what was judged before.
 */
const ownRefusals: ReadonlySet<string> = new Set([
  'ingestion-paused',
  'over-capacity',
  'keys-unavailable',
  'shutting-down',
]);
/** Routes that wait on purpose, for quiescence or for providers; their time says nothing about us. */
const waitingRoutes: ReadonlySet<string> = new Set(['/api/control/send', '/api/providers/health']);

/** The figures that one request adds to. Probes, pages, `/metrics` and `/canary` would dilute them and add to none. */
export function figuresOf(request: EndedRequest): readonly FigureName[] {
  if (!request.route.startsWith('/api/')) return [];
  const token = judgeTokenFigure(request);
  if (ownRefusals.has(request.code ?? '')) return ['set-aside', ...token];
  return [
    'requests',
    ...(request.status >= 500 ? (['errors'] as const) : []),
    ...(waitingRoutes.has(request.route) ? [] : [findLatencyBin(request.ms)]),
    ...token,
  ];
}

function judgeTokenFigure(request: EndedRequest): readonly FigureName[] {
  if (request.tokenFault !== undefined) return [classifyTokenFault(request.tokenFault)];
  return request.isVerified ? ['tokens-good'] : [];
}
