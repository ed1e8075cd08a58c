import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutcomeKind } from '../domain/outcome.ts';
import {
  type BreakerOptions,
  type BreakerState,
  closedBreaker,
  permitAttempt,
  recordOutcome,
} from './circuit-breaker.ts';

const options: BreakerOptions = {
  failuresInRowMax: 3,
  failureShareMax: 0.5,
  samplesMax: 10,
  openMs: 1000,
  probeMs: 500,
};

function note(state: BreakerState, outcomes: readonly OutcomeKind[], nowMs = 0): BreakerState {
  return outcomes.reduce((current, outcome) => recordOutcome(current, options, outcome, nowMs), state);
}

const open = note(closedBreaker, ['not-sent', 'not-sent', 'not-sent']);

describe('closed', () => {
  test.each([
    [['not-sent', 'not-sent'], 'closed'],
    [['not-sent', 'unknown', 'slow-down'], 'open'],
    [['not-sent', 'not-sent', 'accepted', 'not-sent', 'not-sent'], 'closed'],
    [['not-sent', 'not-sent', 'refused', 'not-sent', 'not-sent'], 'closed'],
    [['deferred', 'deferred', 'deferred', 'deferred'], 'closed'],
    [['not-sent', 'deferred', 'not-sent', 'deferred', 'unreachable'], 'open'],
    [['not-sent', 'aborted', 'not-sent', 'aborted', 'not-sent'], 'open'],
    [
      [
        'not-sent',
        'not-sent',
        'accepted',
        'not-sent',
        'accepted',
        'not-sent',
        'accepted',
        'accepted',
        'not-sent',
      ],
      'closed',
    ],
    [
      [
        'not-sent',
        'not-sent',
        'accepted',
        'not-sent',
        'accepted',
        'not-sent',
        'accepted',
        'accepted',
        'accepted',
        'not-sent',
      ],
      'open',
    ],
  ] satisfies [OutcomeKind[], string][])('after %j it is %s', (outcomes, kind) => {
    expect(note(closedBreaker, outcomes).kind).toBe(kind);
  });
});

describe('open', () => {
  test('permits nothing before its time and one probe after it', () => {
    expect(permitAttempt(open, options, 999)).toBeUndefined();
    const probing = permitAttempt(open, options, 1000);
    expect(probing).toEqual({ kind: 'half-open', untilMs: 1500 });
    expect(probing && permitAttempt(probing, options, 1001)).toBeUndefined();
  });

  test('a late end of an older attempt changes nothing', () => {
    expect(recordOutcome(open, options, 'accepted', 10)).toEqual(open);
  });
});

describe('half-open', () => {
  const probing: BreakerState = { kind: 'half-open', untilMs: 1500 };

  test('a good probe closes, a failure opens again, an aborted one is given back', () => {
    expect(recordOutcome(probing, options, 'accepted', 1100)).toEqual(closedBreaker);
    expect(recordOutcome(probing, options, 'refused', 1100)).toEqual(closedBreaker);
    expect(recordOutcome(probing, options, 'not-sent', 1100)).toEqual({ kind: 'open', untilMs: 2100 });
    const given = recordOutcome(probing, options, 'aborted', 1100);
    expect(permitAttempt(given, options, 1100)).toBeDefined();
  });

  test('a probe whose end is never reported counts as lost', () => {
    expect(permitAttempt(probing, options, 1500)).toBeDefined();
  });
});

test('no run of events locks a provider out for ever', () => {
  const step = fc.record({
    waitMs: fc.nat(800),
    outcome: fc.constantFrom<OutcomeKind>(
      'accepted',
      'refused',
      'not-sent',
      'slow-down',
      'unknown',
      'aborted',
    ),
    isReported: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let state: BreakerState = closedBreaker;
      let nowMs = 0;
      for (const { waitMs, outcome, isReported } of steps) {
        nowMs += waitMs;
        const permitted = permitAttempt(state, options, nowMs);
        if (permitted === undefined) continue;
        state = isReported ? recordOutcome(permitted, options, outcome, nowMs) : permitted;
      }
      expect(permitAttempt(state, options, nowMs + options.openMs + options.probeMs)).toBeDefined();
    }),
  );
});
