import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServiceError } from '../domain/errors.ts';
import type { ClientId } from '../domain/ids.ts';
import type { Caller, TokenVerdict } from '../identity/verify-token.ts';
import type { RouteRow } from './route-row.ts';

/** Why a token was refused, and what is known of it besides. */
export interface TokenFaultNote {
  readonly reason: string;
  readonly issuedTo?: ClientId;
  readonly isRepeated?: true;
}

/** One request on its way through the pipeline. Each step adds what it found; a handler reads it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Epoch ms of receipt. */
  readonly receivedAt: number;
  /** What the response says in its head, besides what its reply says itself; written in this order. */
  headers: Record<string, string>;
  route: RouteRow | undefined;
  params: Readonly<Record<string, string>>;
  /** What the token proved; `undefined` on routes that need none. */
  verdict: TokenVerdict | undefined;
  tokenFault: TokenFaultNote | undefined;
  /** Lower-case media type of the body, without parameters. */
  mediaType: string;
  body: Buffer;
  /** Code of the problem that was answered. */
  code: string | undefined;
  error: unknown;
  /** How long we have waited for the body, and since when we wait now: the peer's time and not ours. */
  waitedMs: number;
  waitingSinceMs: number | undefined;
  /** When it came, by the steady clock, and whether its line is written. */
  startedMs: number;
  isTold: boolean;
}

declare module 'node:http' {
  interface ServerResponse {
    /** Of a response of the app. A WeakMap would keep both alive until a full collection, which costs far more. */
    exchange?: Exchange;
  }
}

export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  start: { requestId: string; receivedAt: number },
): Exchange {
  return {
    request,
    response,
    ...start,
    headers: {},
    route: undefined,
    params: {},
    verdict: undefined,
    tokenFault: undefined,
    mediaType: '',
    body: emptyBody,
    code: undefined,
    error: undefined,
    waitedMs: 0,
    waitingSinceMs: undefined,
    startedMs: 0,
    isTold: false,
  };
}

/**
 * The verified caller.
 *
 * @throws ServiceError `keys-unavailable` (503) when the token could not be judged: it is neither accepted nor
 * called bad. A route with `handlesUnverifiedToken` sees the verdict itself and keeps the event in quarantine (IDN-4) instead
 * of asking for the caller, where that is possible.
 */
export function requireCaller(exchange: Exchange): Caller {
  const { verdict } = exchange;
  if (verdict?.kind === 'verified') return verdict.caller;
  if (verdict?.kind === 'cannot-tell') {
    throw new ServiceError(
      'keys-unavailable',
      'the token cannot be judged now; send the same request again',
      {
        retryAfterSeconds: 5,
      },
    );
  }
  throw new ServiceError('internal-error', 'this route runs without authentication', {
    cause: new Error(`no verdict on ${exchange.route?.path ?? 'an unknown route'}`),
  });
}

/** The parameters after the `?`. */
export function readQuery(exchange: Exchange): URLSearchParams {
  const url = exchange.request.url ?? '';
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
}

export const emptyBody = Buffer.alloc(0);
