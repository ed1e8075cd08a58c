import { type BackOff, backOffMs } from './back-off.ts';
import type { AmbiguityPolicy } from './message.ts';
import type { AttemptOutcome } from './outcome.ts';

/** What becomes of a message after an attempt. */
export type Decision =
  | { readonly to: 'sent'; readonly providerRef: string }
  | {
      readonly to: 'retrying';
      readonly inMs: number;
      readonly reason: string;
      readonly blockProviderMs?: number;
      /** The attempt does not count: nothing was tried on the recipient. */
      readonly isUncounted?: true;
      /** It does not count against a limit either: no provider saw it. */
      readonly isUnseen?: true;
    }
  | {
      readonly to: 'dead';
      readonly reason: string;
      readonly suppress: boolean;
      readonly blockProviderMs?: number;
    }
  | { readonly to: 'unknown'; readonly reason: string }
  | { readonly to: 'resend'; readonly reason: string }
  | { readonly to: 'given-back'; readonly reason: string };

export interface OutcomePolicy {
  readonly retriesEnabled: boolean;
  readonly attemptsMax: number;
  readonly backOff: BackOff;
  /** Time after the first attempt in which retries may begin. */
  readonly horizonMs: number;
  readonly onUnknown: AmbiguityPolicy;
}

export interface AttemptFacts {
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  readonly sinceFirstAttemptMs: number;
  /** How often this message was already sent again after an unknown outcome. */
  readonly resends: number;
  /** Another provider could take a retry now. */
  readonly anotherReady: boolean;
  /** In [0, 1), for the jitter. */
  readonly random: number;
}

const slowDownMs = 30_000;
/**
 * How long a message waits whose provider found our account at fault. Not the provider: one odd reply to one message must
 * not keep all others from leaving, and the breaker opens soon enough when all of them meet it.
 */
const accountFaultMs = 5 * 60_000;

/**
 * Decides by the *kind* of the outcome alone (DLV-2): not sent for sure is retried while policy and horizon
 * allow, refused is dead, slow-down blocks the whole provider, and unknown is never taken for a failure. What is our
 * account's fault makes no dead letters: the message waits, until it is worthless if need be.
 */
export function decideOutcome(outcome: AttemptOutcome, policy: OutcomePolicy, facts: AttemptFacts): Decision {
  switch (outcome.kind) {
    case 'accepted':
      return { to: 'sent', providerRef: outcome.providerRef };
    case 'refused':
      return { to: 'dead', reason: outcome.code, suppress: outcome.recipientGone };
    case 'unknown':
      return toUnknownPolicy(policy) === 'resend-once' && facts.resends === 0
        ? { to: 'resend', reason: `unknown-${outcome.phase}` }
        : { to: 'unknown', reason: outcome.phase };
    case 'aborted':
      return { to: 'given-back', reason: outcome.detail };
    case 'unreachable':
      return decideWait(outcome.code, policy, facts);
    case 'not-sent':
    case 'deferred':
      return decideRetry(outcome.code, policy, facts, backOffMs(policy.backOff, facts.attempt, facts.random));
    case 'slow-down': {
      const block = outcome.retryAfterMs ?? slowDownMs;
      const pause = backOffMs(policy.backOff, facts.attempt, facts.random);
      const inMs = facts.anotherReady ? pause : block + pause;
      return { ...decideRetry(outcome.code, policy, facts, inMs), blockProviderMs: block };
    }
    case 'account-fault':
      return {
        to: 'retrying',
        inMs: (facts.anotherReady ? 0 : accountFaultMs) + backOffMs(policy.backOff, 1, facts.random),
        reason: outcome.code,
        isUncounted: true,
      };
    default:
      return outcome satisfies never;
  }
}

/** To send once more is a retry too: where there are none, a person decides. */
export function toUnknownPolicy(
  policy: Pick<OutcomePolicy, 'onUnknown' | 'retriesEnabled'>,
): AmbiguityPolicy {
  return policy.retriesEnabled ? policy.onUnknown : 'ask';
}

/**
 * However long a provider is away, its messages do not die of it: they wait until it is back, or until they are worthless.
 * The breaker sees to it that few of them try.
 */
function decideWait(code: string, policy: OutcomePolicy, facts: AttemptFacts): Decision {
  if (!policy.retriesEnabled) return { to: 'dead', reason: `retries-disabled:${code}`, suppress: false };
  const inMs = backOffMs(policy.backOff, facts.attempt, facts.random);
  return { to: 'retrying', inMs, reason: code, isUncounted: true, isUnseen: true };
}

function decideRetry(
  code: string,
  policy: OutcomePolicy,
  facts: AttemptFacts,
  inMs: number,
): Extract<Decision, { to: 'retrying' | 'dead' }> {
  if (!policy.retriesEnabled) return { to: 'dead', reason: `retries-disabled:${code}`, suppress: false };
  if (facts.attempt >= policy.attemptsMax)
    return { to: 'dead', reason: `retries-spent:${code}`, suppress: false };
  if (facts.sinceFirstAttemptMs + inMs > policy.horizonMs)
    return { to: 'dead', reason: `too-late:${code}`, suppress: false };
  return { to: 'retrying', inMs, reason: code };
}
