/**
 * How one attempt (one provider call) ended, by kind. The kind alone decides what happens next; codes and
 * details are for people. Classified by *phase*, not by the library's error code, which misleads.
 */
export type AttemptOutcome =
  /** The provider took responsibility for the message. */
  | { readonly kind: 'accepted'; readonly providerRef: string; readonly detail: string }
  /** No connection could be had (DNS, connect, TLS): no provider saw the message, and nothing was tried on the recipient. */
  | { readonly kind: 'unreachable'; readonly code: string; readonly detail: string }
  /** Not sent for sure (a connection lost before the body, a 4xx): try again later. */
  | { readonly kind: 'not-sent'; readonly code: string; readonly detail: string }
  /** Refused for now, and it means this recipient or this message alone (greylisted, full, busy): try again later. */
  | { readonly kind: 'deferred'; readonly code: string; readonly detail: string }
  /** Refused for good. `recipientGone`: the address does not exist, so it is suppressed. */
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly detail: string;
      readonly recipientGone: boolean;
    }
  /** Not sent; the provider as a whole asks for less (HTTP 429, SMTP 421/45x throttling). */
  | {
      readonly kind: 'slow-down';
      readonly code: string;
      readonly detail: string;
      readonly retryAfterMs?: number;
    }
  /**
   * Not sent; our account or its settings at this provider are at fault (login, quota, payment, suspension), not the message. It
   * concerns all messages alike: the breaker counts it, and the message waits without an attempt being counted.
   */
  | { readonly kind: 'account-fault'; readonly code: string; readonly detail: string }
  /** The body left, wholly or partly, and no final response came. */
  | { readonly kind: 'unknown'; readonly phase: AttemptPhase; readonly detail: string }
  /** The fence said no before the body: no byte of the message left, and the attempt does not count. */
  | { readonly kind: 'aborted'; readonly detail: string };

export type AttemptPhase = 'connect' | 'envelope' | 'body' | 'answer';

export type OutcomeKind = AttemptOutcome['kind'];
