import { type CounterName, findLatencyBin, isLatencyBin } from './fleet-counters.ts';
import { apiP95TriggerMs } from './thresholds.ts';

/** What the API knows of a request when its response is done. */
export interface EndedRequest {
  /** The route's pattern (`/api/events/:id`), or `unmatched`: never the path itself, which anyone can fill. */
  readonly route: string;
  readonly status: number;
  /** Our own time: neither the peer's sending nor its reading is in it. */
  readonly ms: number;
  /** The peer left before the response. */
  readonly aborted: boolean;
  /** The problem's code, when the response is a problem. */
  readonly code?: string;
  /** The verified client. Absent: a stranger, or nobody could judge. */
  readonly clientId?: string;
  /** It may administer: what people do takes its time, and no upstream service is behind it. */
  readonly isOperator?: true;
  /** The token could not be judged. */
  readonly isUnjudged?: true;
  /** Why the token was rejected: `missing`, or a `TokenError`. Never set when keys could not be had. */
  readonly tokenFault?: string;
  /** Whose token was rejected, when a key of our issuer proves it. */
  readonly tokenClientId?: string;
  /** The same rejected token was counted of late. */
  readonly isTokenRepeated?: true;
}

/**
 * The counters that one request adds to. Only requests of verified clients count for triggers and objectives: what
 * strangers do is counted beside them, so that no crowd fires a trigger or hides one. Probes, pages, `/metrics` and
 * `/canary` would dilute, and add to none.
 */
export function countersOf(request: EndedRequest): readonly CounterName[] {
  if (!request.route.startsWith('/api/')) return [];
  return request.clientId === undefined ? countersOfUnknown(request) : countersOfClient(request);
}

function countersOfUnknown(request: EndedRequest): readonly CounterName[] {
  if (request.tokenFault !== undefined) return ['strangers', classifyBadToken(request)];
  if (request.isUnjudged === true) return ['unjudged'];
  // Refused before anybody was asked who it is.
  return [request.code === 'shutting-down' ? 'set-aside' : 'strangers'];
}

function countersOfClient(request: EndedRequest): readonly CounterName[] {
  if (request.aborted) return ['aborted', ...keptWaiting(request)];
  const { code = '' } = request;
  if (refusals.ofClient.has(code)) return ['set-aside'];
  if (refusals.ofAll.has(code)) return ['set-aside', 'tokens-good'];
  if (code === 'store-unavailable') return ['outages', 'tokens-good'];
  return [
    'requests',
    ...(request.status >= 500 ? (['errors'] as const) : []),
    ...(isTimed(request) ? [findLatencyBin(request.ms)] : []),
    'tokens-good',
  ];
}

/**
 * The part of that which is counted under a client's name too, because no verdict may rest on one client alone.
 * Operators count for the whole only; of bad tokens, theirs are as bad as anybody's.
 */
export function clientCountersOf(
  request: EndedRequest,
): { readonly client: string; readonly counters: readonly CounterName[] } | undefined {
  const counters = countersOf(request).filter(
    (counter) => judgedCounters.has(counter) || isLatencyBin(counter),
  );
  const client = request.tokenClientId ?? (request.isOperator === true ? undefined : request.clientId);
  return client === undefined || counters.length === 0 ? undefined : { client, counters };
}

/** What the shares are made of, besides latencies. */
const judgedCounters: ReadonlySet<CounterName> = new Set([
  'requests',
  'errors',
  'tokens-good',
  'tokens-bad',
  'tokens-repeated',
]);

/**
 * Refusals that are our own decision. *Of all*: were they failures, one protection would fire the next. A full
 * backlog would stop the senders that empty it. *Of one client*: they come before its allowance is asked for, or
 * beyond it, so a client could bring any number of them and dilute what the others meet.
 */
const refusals: Readonly<Record<'ofAll' | 'ofClient', ReadonlySet<string>>> = {
  ofAll: new Set(['ingestion-paused', 'over-capacity', 'keys-unavailable', 'shutting-down']),
  ofClient: new Set(['rate-limited', 'insufficient-scope']),
};

/** Routes that wait on purpose, for quiescence or for providers; their time says nothing about us. */
const waitingRoutes: ReadonlySet<string> = new Set(['/api/control/send', '/api/providers/health']);

function isTimed({ route }: EndedRequest): boolean {
  return !waitingRoutes.has(route);
}

/** Who leaves early says nothing about us, unless we had kept it waiting beyond the line by then. */
function keptWaiting(request: EndedRequest): readonly CounterName[] {
  return isTimed(request) && request.ms > apiP95TriggerMs ? [findLatencyBin(request.ms)] : [];
}

/** Token errors that say something about our issuer, our clocks or our keys. Every other one is its sender's own affair. */
const faultsOfOurs: ReadonlySet<string> = new Set([
  'expired',
  'not-yet-valid',
  'lifetime-too-long',
  'unknown-key',
  'wrong-algorithm',
  'bad-signature',
]);

/**
 * A token is bad when a key of our issuer proves (or proved, before it was withdrawn) that the issuer made it for a
 * client, and yet it does not pass. All else is garbage: no token, no JWT, another issuer, an unknown key, a forged
 * signature, and a real token for another audience: whoever has one of those is a stranger here.
 */
function classifyBadToken(request: EndedRequest): CounterName {
  const isOurs = request.tokenClientId !== undefined && faultsOfOurs.has(request.tokenFault ?? '');
  if (!isOurs) return 'tokens-garbage';
  return request.isTokenRepeated === true ? 'tokens-repeated' : 'tokens-bad';
}
