import type { OutcomeKind } from '../domain/outcome.ts';

/**
 * Keeps a provider that fails from being tried again and again. Its states and moves, in prose:
 *
 * *closed*: attempts are permitted. It *opens* after `faultsInRowMax` faults in a row, or when at least
 * `faultShareMax` of the last `samplesMax` outcomes were faults. *open*: nothing is permitted for `openMs`. Then it
 * is *half-open*: one attempt, the probe, is permitted. A good probe closes it, a fault opens it again, an aborted
 * probe is given back; a probe whose end is never told is given up for lost after `probeMs`.
 *
 * A fault is an outcome that speaks against the provider: `unreachable`, `not-sent`, `unknown`, `slow-down`, `account-fault`.
 * `accepted` and `refused` show a provider at work. `aborted` says nothing, nor does `deferred`: whom a server means with
 * its 4xx is a guess.
 *
 * All functions are pure: the clock comes in as `nowMs` and the new state goes out.
 */
export interface BreakerOptions {
  readonly faultsInRowMax: number;
  /** Between 0 and 1. */
  readonly faultShareMax: number;
  /** Outcomes that the share is taken of; no share is judged before there are that many. */
  readonly samplesMax: number;
  readonly openMs: number;
  /** Longer than an attempt can take. */
  readonly probeMs: number;
}

export type BreakerState =
  | { readonly kind: 'closed'; readonly faultsInRow: number; readonly recent: readonly boolean[] }
  /** Half-open: until the probe counts as lost. */
  | { readonly kind: 'open' | 'half-open'; readonly untilMs: number };

export const closedBreaker: BreakerState = { kind: 'closed', faultsInRow: 0, recent: [] };

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
export function noteOutcome(
  state: BreakerState,
  options: BreakerOptions,
  outcome: OutcomeKind,
  nowMs: number,
): BreakerState {
  const verdict = verdicts[outcome];
  switch (state.kind) {
    case 'closed':
      return verdict === 'nothing' ? state : noteWhileClosed(state, options, verdict === 'fault', nowMs);
    case 'half-open':
      if (verdict === 'nothing') return { kind: 'half-open', untilMs: nowMs };
      return verdict === 'fault' ? { kind: 'open', untilMs: nowMs + options.openMs } : closedBreaker;
    case 'open':
      return state;
  }
}

/** The first instant at which an attempt may begin, as far as it is known now. */
export function permittedFromMs(state: BreakerState, nowMs: number): number {
  return state.kind === 'closed' ? nowMs : Math.max(nowMs, state.untilMs);
}

const verdicts: Readonly<Record<OutcomeKind, 'good' | 'fault' | 'nothing'>> = {
  accepted: 'good',
  refused: 'good',
  unreachable: 'fault',
  deferred: 'nothing',
  'not-sent': 'fault',
  'slow-down': 'fault',
  'account-fault': 'fault',
  unknown: 'fault',
  aborted: 'nothing',
};

function noteWhileClosed(
  state: Extract<BreakerState, { kind: 'closed' }>,
  options: BreakerOptions,
  isFault: boolean,
  nowMs: number,
): BreakerState {
  const faultsInRow = isFault ? state.faultsInRow + 1 : 0;
  const recent = [...state.recent, isFault].slice(-options.samplesMax);
  const share = recent.filter(Boolean).length / options.samplesMax;
  const tooMany = recent.length === options.samplesMax && share >= options.faultShareMax;
  return faultsInRow >= options.faultsInRowMax || (isFault && tooMany)
    ? { kind: 'open', untilMs: nowMs + options.openMs }
    : { kind: 'closed', faultsInRow, recent };
}
