import type { AttemptOutcome } from '../../domain/outcome.ts';
import type { HttpReply } from './attempt-http.ts';

/**
 * Judges a response by its status alone, where the API itself says nothing better. An error of our account or of the
 * address that we call must not end messages; a 5xx may come from behind the place where the message was taken, so it
 * is `unknown`. `code` and `detail` are what the API said.
 */
export function judgeStatus(result: HttpReply, code: string, detail: string): AttemptOutcome {
  const { status } = result;
  if (status === 429) return slowDown(result, code, detail);
  const accountCode = accountStatuses[status] ?? (status >= 300 && status < 400 ? 'redirected' : undefined);
  if (accountCode !== undefined) return { kind: 'account-fault', code: accountCode, detail };
  if (status === 408) return { kind: 'not-sent', code: 'request-timeout', detail };
  if (status >= 400 && status < 500) return { kind: 'refused', code, detail, recipientGone: false };
  return { kind: 'unknown', phase: 'answer', detail };
}

/** Our credentials, our payment, the address that we call. */
const accountStatuses: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  402: 'payment-required',
  403: 'unauthorized',
  404: 'misdirected',
  405: 'misdirected',
};

/** `slow-down` with the wait that the response asks for. */
export function slowDown(result: HttpReply, code: string, detail: string): AttemptOutcome {
  const retryAfterMs = parseRetryAfter(result.headers['retry-after'], Date.now());
  return { kind: 'slow-down', code, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** The longest wait that is accepted from a provider. */
const retryAfterMsMax = 3_600_000;

/**
 * `Retry-After` in milliseconds, at most an hour: seconds or an HTTP date (RFC 9110 §10.2.3). Seconds with decimals are
 * rounded up, an instant that has passed is no wait; what is neither is `undefined`.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d+(?:\.\d+)?$/.test(text) ? Math.ceil(Number(text)) * 1000 : readDate(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), retryAfterMsMax);
}

/** `Date.parse` takes `-5` for a month of 2001. */
function readDate(text: string): number {
  return /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
}
