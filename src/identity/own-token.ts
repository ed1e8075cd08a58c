import { awaitUnlessAborted } from '../outbound/await-unless-aborted.ts';
import { type PacedOutcome, paceCall } from '../outbound/pace-call.ts';
import { parseServiceUrl } from '../outbound/parse-service-url.ts';
import { startTicker } from '../outbound/start-ticker.ts';
import { type ClientCredentials, requestToken } from './request-token.ts';

export type OwnTokenResult =
  | { readonly kind: 'ready'; readonly token: string }
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface OwnToken {
  /**
   * A token that has not expired, at once when there is one. `refused` is a token that a service has just
   * rejected with 401: it is not handed out again, unless a renewal for that reason was made a moment ago.
   * Never throws.
   */
  readonly readToken: (signal: AbortSignal, refused?: string) => Promise<OwnTokenResult>;
  health(): { readonly ok: boolean; readonly detail: string };
  /** Keeps a token at hand until the signal aborts. Does not wait for the first one. */
  start(signal: AbortSignal): void;
}

export interface OwnTokenOptions extends Omit<ClientCredentials, 'url' | 'timeoutMs'> {
  readonly tokenUrl: string;
  /** Local runs only. */
  readonly allowHttp?: boolean;
  /** Steady milliseconds (`performance.now`). */
  readonly now: () => number;
  /** In [0, 1), for the back-off. */
  readonly random: () => number;
  readonly timeoutMs?: number;
}

const failureBackOff = { baseMs: 1_000, capMs: 30_000 };
/** A service that refuses every token must not make us ask the issuer for one per call. */
const refusalCooldownMs = 10_000;
const renewAtShare = 0.8;
const tickMs = 1_000;

/**
 * The service's own M2M token: one request at a time, renewed at 80 % of its life while the old one serves until
 * it really expires, failures backed off. The secret and the token appear in no detail.
 */
export function createOwnToken(options: OwnTokenOptions): OwnToken {
  const { now } = options;
  const url = parseServiceUrl(options.tokenUrl, 'M2M_TOKEN_URL', options.allowHttp);
  let held: { readonly token: string; readonly renewAt: number; readonly expiresAt: number } | undefined;
  let lastRefusedAt = Number.NEGATIVE_INFINITY;

  const call = async (): Promise<PacedOutcome> => {
    // Counted from before the request, so that we never believe in a token for longer than its issuer does.
    const askedAt = now();
    const grant = await requestToken({ ...options, url, timeoutMs: options.timeoutMs ?? 5_000 });
    if (!grant.ok) return grant;
    const { token, lifeMs } = grant;
    held = { token, renewAt: askedAt + lifeMs * renewAtShare, expiresAt: askedAt + lifeMs };
    return { ok: true };
  };

  const requesting = paceCall({ call, now, random: options.random, backOff: failureBackOff });

  const current = (): OwnTokenResult => {
    if (held !== undefined && now() < held.expiresAt) return { kind: 'ready', token: held.token };
    const failure = requesting.failure() ?? 'has not answered yet';
    return { kind: 'unavailable', detail: `the token endpoint ${failure}` };
  };

  const renewIfDue = (): void => {
    if (held === undefined || now() >= held.renewAt) void requesting.run();
  };

  const dropRefused = (refused: string): void => {
    // Compared, so that many calls refused at once cause one renewal.
    if (held?.token !== refused || now() - lastRefusedAt < refusalCooldownMs) return;
    lastRefusedAt = now();
    held = undefined;
  };

  return {
    readToken: async (signal, refused) => {
      if (refused !== undefined) dropRefused(refused);
      renewIfDue();
      if (current().kind === 'ready') return current();
      const abandoned: OwnTokenResult = { kind: 'unavailable', detail: 'the wait for a token was abandoned' };
      return awaitUnlessAborted(requesting.run().then(current), signal, abandoned);
    },
    health: () => {
      const result = current();
      if (result.kind === 'unavailable') return { ok: false, detail: result.detail };
      const failure = requesting.failure();
      if (failure === undefined) return { ok: true, detail: 'a token is at hand' };
      return { ok: true, detail: `a token is at hand, but its renewal fails: the token endpoint ${failure}` };
    },
    start: (signal) => startTicker(tickMs, renewIfDue, signal),
  };
}
