import { describe, expect, test } from 'vitest';
import { type AttemptFacts, decideOutcome, type OutcomePolicy } from './decide-outcome.ts';
import type { AttemptOutcome } from './outcome.ts';

const policy: OutcomePolicy = {
  retriesEnabled: true,
  attemptsMax: 3,
  backOff: { baseMs: 1_000, capMs: 60_000 },
  horizonMs: 600_000,
  onUnknown: 'ask',
};
const facts: AttemptFacts = {
  attempt: 1,
  sinceFirstAttemptMs: 0,
  resends: 0,
  anotherReady: false,
  random: 0.5,
};
const notSent: AttemptOutcome = { kind: 'not-sent', code: 'dns', detail: '' };
const slow: AttemptOutcome = { kind: 'slow-down', code: '429', detail: '' };
const unknown: AttemptOutcome = { kind: 'unknown', phase: 'answer', detail: '' };

describe('decideOutcome', () => {
  test.each<[string, AttemptOutcome, Partial<OutcomePolicy & AttemptFacts>, object]>([
    [
      'accepted is sent',
      { kind: 'accepted', providerRef: 'r', detail: '' },
      {},
      { to: 'sent', providerRef: 'r' },
    ],
    [
      'refused is dead',
      { kind: 'refused', code: '550', detail: '', recipientGone: false },
      {},
      { to: 'dead', reason: '550', suppress: false },
    ],
    [
      'no such user is dead and suppressed',
      { kind: 'refused', code: '550', detail: '', recipientGone: true },
      {},
      { to: 'dead', reason: '550', suppress: true },
    ],
    [
      'aborted is given back',
      { kind: 'aborted', detail: 'stopped' },
      {},
      { to: 'given-back', reason: 'stopped' },
    ],
    [
      'unreachable waits, however often and however long',
      { kind: 'unreachable', code: 'connect-failed', detail: '' },
      { attempt: 99, sinceFirstAttemptMs: 1e12 },
      { to: 'retrying', inMs: 30_000, reason: 'connect-failed', isUncounted: true, isUnseen: true },
    ],
    [
      'unreachable ends where there are no retries',
      { kind: 'unreachable', code: 'connect-failed', detail: '' },
      { retriesEnabled: false },
      { to: 'dead', reason: 'retries-disabled:connect-failed', suppress: false },
    ],
    [
      'deferred is tried again with jitter',
      { kind: 'deferred', code: '450', detail: '' },
      {},
      { to: 'retrying', inMs: 500, reason: '450' },
    ],
    ['not sent is tried again with jitter', notSent, {}, { to: 'retrying', inMs: 500, reason: 'dns' }],
    [
      'the second pause is twice as long',
      notSent,
      { attempt: 2 },
      { to: 'retrying', inMs: 1_000, reason: 'dns' },
    ],
    [
      'the last attempt is the last',
      notSent,
      { attempt: 3 },
      { to: 'dead', reason: 'retries-spent:dns', suppress: false },
    ],
    [
      'a retry may begin exactly at the horizon',
      notSent,
      { horizonMs: 700, sinceFirstAttemptMs: 200 },
      { to: 'retrying', inMs: 500, reason: 'dns' },
    ],
    [
      'past the horizon it is dead',
      notSent,
      { horizonMs: 700, sinceFirstAttemptMs: 201 },
      { to: 'dead', reason: 'too-late:dns', suppress: false },
    ],
    [
      'without retries a failure is final',
      notSent,
      { retriesEnabled: false },
      { to: 'dead', reason: 'retries-disabled:dns', suppress: false },
    ],
    [
      'slow-down blocks the provider for as long as it asks',
      { ...slow, retryAfterMs: 7_000 },
      {},
      { to: 'retrying', inMs: 7_500, reason: '429', blockProviderMs: 7_000 },
    ],
    [
      'slow-down without a time blocks for half a minute',
      slow,
      {},
      { to: 'retrying', inMs: 30_500, reason: '429', blockProviderMs: 30_000 },
    ],
    [
      'slow-down waits no longer than any other retry where another provider is ready, and blocks this one',
      { ...slow, retryAfterMs: 7_000 },
      { anotherReady: true },
      { to: 'retrying', inMs: 500, reason: '429', blockProviderMs: 7_000 },
    ],
    [
      'slow-down on the last attempt still blocks',
      slow,
      { attempt: 3 },
      { to: 'dead', reason: 'retries-spent:429', suppress: false, blockProviderMs: 30_000 },
    ],
    ['unknown waits for a person', unknown, {}, { to: 'unknown', reason: 'answer' }],
    [
      'unknown is sent again once where the template says so',
      unknown,
      { onUnknown: 'resend-once' },
      { to: 'resend', reason: 'unknown-answer' },
    ],
    [
      'a second unknown waits for a person',
      unknown,
      { onUnknown: 'resend-once', resends: 1 },
      { to: 'unknown', reason: 'answer' },
    ],
    [
      'without retries nothing is sent again, also where the template would',
      unknown,
      { onUnknown: 'resend-once', retriesEnabled: false },
      { to: 'unknown', reason: 'answer' },
    ],
    [
      'unknown is no failure that retries could end',
      unknown,
      { retriesEnabled: false, attempt: 9 },
      { to: 'unknown', reason: 'answer' },
    ],
  ])('%s', (_name, outcome, given, decision) => {
    expect(decideOutcome(outcome, { ...policy, ...given }, { ...facts, ...given })).toEqual(decision);
  });
});
