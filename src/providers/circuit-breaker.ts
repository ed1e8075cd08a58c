import type { OutcomeKind } from '../domain/outcome.ts';

/**
 * Keeps a provider that fails from being tried again and again. Its states and moves, in prose:
 *
 * *closed*: attempts are permitted. It *opens* after `failuresInRowMax` failures in a row, or when at least
 * `failureShareMax` of the last `samplesMax` outcomes were failures. *open*: nothing is permitted for `openMs`. Then it
 * is *half-open*: one attempt, the probe, is permitted. A good probe closes it, a failure opens it again, an aborted
 * probe may be made again at once; a probe whose end is never reported counts as lost after `probeMs`.
 *
 * A failure is an outcome that speaks against the provider: `unreachable`, `not-sent`, `unknown`, `slow-down`, `account-fault`.
 * `accepted` and `refused` show a provider at work. `aborted` says nothing, nor does `deferred`: what a server means by
 * its 4xx is a guess.
 *
 * All functions are pure: the clock comes in as `nowMs` and the new state goes out.
 */
export interface BreakerOptions {
  readonly failuresInRowMax: number;
  /** Between 0 and 1. */
  readonly failureShareMax: number;
  /** Outcomes that the share is taken of; no share is judged before there are that many. */
  readonly samplesMax: number;
  readonly openMs: number;
  /** Longer than an attempt can take. */
  readonly probeMs: number;
}

export type BreakerState =
  | { readonly kind: 'closed'; readonly failuresInRow: number; readonly recent: readonly boolean[] }
  /** Half-open: until the probe counts as lost. */
  | { readonly kind: 'open' | 'half-open'; readonly untilMs: number };

export const closedBreaker: BreakerState = { kind: 'closed', failuresInRow: 0, recent: [] };

/** The state in which one attempt may begin now, or `undefined` when none may. */
export function permitAttempt(
  state: BreakerState,
  options: BreakerOptions,
  nowMs: number,
): BreakerState | undefined {
  if (state.kind === 'closed') return state;
  return nowMs >= state.untilMs ? { kind: 'half-open', untilMs: nowMs + options.probeMs } : undefined;
}

/** The state after an attempt ended. A late end that arrives while open changes nothing. */
export function recordOutcome(
  state: BreakerState,
  options: BreakerOptions,
  outcome: OutcomeKind,
  nowMs: number,
): BreakerState {
  const verdict = verdicts[outcome];
  switch (state.kind) {
    case 'closed':
      return verdict === 'nothing' ? state : noteWhileClosed(state, options, verdict === 'failure', nowMs);
    case 'half-open':
      if (verdict === 'nothing') return { kind: 'half-open', untilMs: nowMs };
      return verdict === 'failure' ? { kind: 'open', untilMs: nowMs + options.openMs } : closedBreaker;
    case 'open':
      return state;
  }
}

/** The first instant at which an attempt may begin, as far as it is known now. */
export function permittedFromMs(state: BreakerState, nowMs: number): number {
  return state.kind === 'closed' ? nowMs : Math.max(nowMs, state.untilMs);
}

const verdicts: Readonly<Record<OutcomeKind, 'good' | 'failure' | 'nothing'>> = {
  accepted: 'good',
  refused: 'good',
  unreachable: 'failure',
  deferred: 'nothing',
  'not-sent': 'failure',
  'slow-down': 'failure',
  'account-fault': 'failure',
  unknown: 'failure',
  aborted: 'nothing',
};

function noteWhileClosed(
  state: Extract<BreakerState, { kind: 'closed' }>,
  options: BreakerOptions,
  isFailure: boolean,
  nowMs: number,
): BreakerState {
  const failuresInRow = isFailure ? state.failuresInRow + 1 : 0;
  const recent = [...state.recent, isFailure].slice(-options.samplesMax);
  const share = recent.filter(Boolean).length / options.samplesMax;
  const tooMany = recent.length === options.samplesMax && share >= options.failureShareMax;
  return failuresInRow >= options.failuresInRowMax || (isFailure && tooMany)
    ? { kind: 'open', untilMs: nowMs + options.openMs }
    : { kind: 'closed', failuresInRow, recent };
}
