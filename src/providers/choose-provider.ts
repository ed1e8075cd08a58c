import { addAbortListener } from 'node:events';
import { type Channel, channels } from '../domain/channel.ts';
import type { AttemptOutcome } from '../domain/outcome.ts';
import {
  type BreakerOptions,
  type BreakerState,
  closedBreaker,
  permitAttempt,
  permittedFromMs,
  recordOutcome,
} from './circuit-breaker.ts';
import type { OutgoingMessage, Provider, ProviderHealth } from './provider.ts';

/** The providers of every channel, in order of preference. */
export type ProvidersByChannel = { readonly [C in Channel]: readonly Provider<OutgoingMessage<C>>[] };

export interface ProviderSet {
  /**
   * The first provider of the channel that is neither throttled nor behind an open breaker; `failed`, which did not
   * send this message for sure, comes last. Fail-over is this and nothing more: one breaker in each of many workers
   * opens too late for a message that has few attempts.
   */
  chooseProvider<C extends Channel>(
    channel: C,
    nowMs: number,
    failed?: string,
  ): ProviderChoice<OutgoingMessage<C>>;
  /** True when a provider of the channel other than `name` could be chosen now. */
  isAnotherReady(channel: Channel, name: string, nowMs: number): boolean;
  /** What this process knows of each provider, without asking it. */
  listStatuses(nowMs: number): readonly ProviderStatus[];
  /** Checks all providers at the same time, each for at most `healthTimeoutMs`, without sending anything. */
  listHealth(signal: AbortSignal): Promise<readonly ProviderHealth[]>;
  /** Closes all providers at the same time. */
  close(deadlineMs: number): Promise<void>;
}

export type ProviderChoice<M extends OutgoingMessage> =
  | {
      readonly kind: 'chosen';
      readonly provider: Provider<M>;
      /**
       * To be called once, with what came of it: the outcome, `unavailable` when `reserve` rejected, `unused`
       * when nothing was tried (the gate said no). Later calls change nothing.
       */
      report(end: AttemptOutcome | 'unavailable' | 'unused', nowMs: number): void;
      /** The gate says that the whole fleet leaves this provider alone for so long; this process has seen no failure of it. */
      block(ms: number, nowMs: number): void;
    }
  /** `none-configured`: waiting will not help. */
  | { readonly kind: 'none-configured' }
  | { readonly kind: 'none-ready'; readonly retryAtMs: number };

export interface ProviderStatus {
  readonly provider: string;
  readonly breaker: BreakerState['kind'];
  /** How long ago the breaker opened that has not closed since. */
  readonly openForMs?: number;
  /** The provider asked for less; this process sends nothing to it for so long. */
  readonly blockedForMs?: number;
}

export interface ProviderSetOptions {
  readonly providers: ProvidersByChannel;
  readonly breaker: BreakerOptions;
  /** Block after a `slow-down` that names no time. */
  readonly slowDownMs: number;
  readonly healthTimeoutMs: number;
}

/** What is the same on every channel. */
type AnyProvider = Pick<Provider, 'name' | 'channel' | 'checkHealth' | 'close'>;

/** What this process knows about one provider. */
interface ProviderState {
  breaker: BreakerState;
  /** When it left `closed`. */
  openedAtMs?: number;
  blockedUntilMs: number;
}

/**
 * Holds the providers with a breaker each. All instants are of the monotonic clock: a wall clock that steps back would keep
 * a provider shut for as long. What it learns is this process's own; the fleet-wide back-off is the
 * gate's.
 */
export function createProviderSet(options: ProviderSetOptions): ProviderSet {
  const all: readonly AnyProvider[] = channels.flatMap(
    (name): readonly AnyProvider[] => options.providers[name],
  );
  const states = new Map(all.map((provider): [string, ProviderState] => [provider.name, newState()]));
  if (states.size !== all.length) throw new Error('two providers have the same name');
  const stateOf = (name: string): ProviderState => states.get(name) ?? newState();
  return {
    chooseProvider: (channel, nowMs, failed) => {
      const candidates = options.providers[channel];
      const last = candidates.filter(({ name }) => name === failed);
      for (const provider of [...candidates.filter(({ name }) => name !== failed), ...last]) {
        const state = stateOf(provider.name);
        const breaker = permitAttempt(state.breaker, options.breaker, nowMs);
        if (nowMs < state.blockedUntilMs || breaker === undefined) continue;
        state.breaker = breaker;
        return {
          kind: 'chosen',
          provider,
          report: createReport(state, options),
          block: (ms, atMs) => block(state, ms, atMs),
        };
      }
      if (candidates.length === 0) return { kind: 'none-configured' };
      const readyAtMs = candidates.map(({ name }) => readyFromMs(stateOf(name), nowMs));
      return { kind: 'none-ready', retryAtMs: Math.min(...readyAtMs) };
    },
    isAnotherReady: (channel, name, nowMs) =>
      options.providers[channel].some(
        (other) => other.name !== name && readyFromMs(stateOf(other.name), nowMs) <= nowMs,
      ),
    listStatuses: (nowMs) =>
      all.map(({ name }) => {
        const { breaker, openedAtMs, blockedUntilMs } = stateOf(name);
        return {
          provider: name,
          breaker: breaker.kind,
          ...(openedAtMs === undefined ? {} : { openForMs: nowMs - openedAtMs }),
          ...(blockedUntilMs > nowMs ? { blockedForMs: blockedUntilMs - nowMs } : {}),
        };
      }),
    listHealth: (signal) =>
      Promise.all(all.map((provider) => checkInTime(provider, signal, options.healthTimeoutMs))),
    close: async (deadlineMs) => {
      await Promise.all(all.map((provider) => provider.close(deadlineMs)));
    },
  };
}

function newState(): ProviderState {
  return { breaker: closedBreaker, blockedUntilMs: 0 };
}

function readyFromMs(state: ProviderState, nowMs: number): number {
  return Math.max(state.blockedUntilMs, permittedFromMs(state.breaker, nowMs));
}

function createReport(state: ProviderState, options: ProviderSetOptions) {
  let isReported = false;
  return (end: AttemptOutcome | 'unavailable' | 'unused', nowMs: number): void => {
    if (isReported) return;
    isReported = true;
    state.breaker = recordOutcome(state.breaker, options.breaker, kindOf(end), nowMs);
    if (state.breaker.kind === 'closed') delete state.openedAtMs;
    else state.openedAtMs ??= nowMs;
    if (typeof end === 'string' || end.kind !== 'slow-down') return;
    block(state, end.retryAfterMs ?? options.slowDownMs, nowMs);
  };
}

function block(state: ProviderState, ms: number, nowMs: number): void {
  state.blockedUntilMs = Math.max(state.blockedUntilMs, nowMs + ms);
}

function kindOf(end: AttemptOutcome | 'unavailable' | 'unused'): AttemptOutcome['kind'] {
  if (end === 'unavailable') return 'unreachable';
  return end === 'unused' ? 'aborted' : end.kind;
}

/** A check that ignores its signal must not delay the result. */
async function checkInTime(
  provider: AnyProvider,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<ProviderHealth> {
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const late = Promise.withResolvers<ProviderHealth>();
  const { name, channel } = provider;
  const health = { provider: name, channel, ok: false, status: 'unreachable', latencyMs: timeoutMs } as const;
  addAbortListener(giveUp, () => late.resolve({ ...health, detail: 'no answer in time' }));
  return Promise.race([provider.checkHealth(giveUp), late.promise]);
}
