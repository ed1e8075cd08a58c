import type { Channel } from '../domain/message.ts';
import type { AttemptOutcome } from '../domain/outcome.ts';
import {
  type BreakerOptions,
  type BreakerState,
  closedBreaker,
  noteOutcome,
  permitAttempt,
  permittedFromMs,
} from './circuit-breaker.ts';
import type { OutgoingMessage, Provider, ProviderHealth } from './provider.ts';

/** The providers of every channel, in order of preference. */
export type ProvidersByChannel = { readonly [C in Channel]: readonly Provider<MessageOn<C>>[] };
export type MessageOn<C extends Channel> = Extract<OutgoingMessage, { channel: C }>;

export interface ProviderSet {
  /**
   * The first provider of the channel that is neither throttled nor behind an open breaker. Fail-over is this
   * and nothing more: a message is only ever asked about again after an attempt that was not sent for sure.
   */
  chooseProvider<C extends Channel>(channel: C, nowMs: number): ProviderChoice<MessageOn<C>>;
  /** Checks all providers at the same time, each for at most `healthTimeoutMs`, without sending anything. */
  listHealth(signal: AbortSignal, nowMs: number): Promise<readonly ProviderReport[]>;
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
    }
  /** `none-configured`: waiting will not help. */
  | { readonly kind: 'none-configured' }
  | { readonly kind: 'none-ready'; readonly retryAtMs: number };

export interface ProviderReport extends ProviderHealth {
  readonly breaker: BreakerState['kind'];
  /** The provider asked for less; nothing is sent to it before this instant (epoch ms). */
  readonly blockedUntilMs?: number;
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
interface Standing {
  breaker: BreakerState;
  blockedUntilMs: number;
}

/** Holds the providers with a breaker each. What it learns is this process's own; the fleet-wide back-off is the gate's. */
export function createProviderSet(options: ProviderSetOptions): ProviderSet {
  const all: readonly AnyProvider[] = [...options.providers.email, ...options.providers.sms];
  const standings = new Map(all.map((provider): [string, Standing] => [provider.name, newStanding()]));
  if (standings.size !== all.length) throw new Error('two providers have the same name');
  const standingOf = (name: string): Standing => standings.get(name) ?? newStanding();
  return {
    chooseProvider: (channel, nowMs) => {
      const candidates = options.providers[channel];
      for (const provider of candidates) {
        const standing = standingOf(provider.name);
        const breaker = permitAttempt(standing.breaker, options.breaker, nowMs);
        if (nowMs < standing.blockedUntilMs || breaker === undefined) continue;
        standing.breaker = breaker;
        return { kind: 'chosen', provider, report: createReport(standing, options) };
      }
      if (candidates.length === 0) return { kind: 'none-configured' };
      const readyAtMs = candidates.map(({ name }) => readyFromMs(standingOf(name), nowMs));
      return { kind: 'none-ready', retryAtMs: Math.min(...readyAtMs) };
    },
    listHealth: (signal, nowMs) =>
      Promise.all(
        all.map(async (provider) => {
          const health = await checkInTime(provider, signal, options.healthTimeoutMs);
          const { breaker, blockedUntilMs } = standingOf(provider.name);
          return { ...health, breaker: breaker.kind, ...(blockedUntilMs > nowMs ? { blockedUntilMs } : {}) };
        }),
      ),
    close: async (deadlineMs) => {
      await Promise.all(all.map((provider) => provider.close(deadlineMs)));
    },
  };
}

function newStanding(): Standing {
  return { breaker: closedBreaker, blockedUntilMs: 0 };
}

function readyFromMs(standing: Standing, nowMs: number): number {
  return Math.max(standing.blockedUntilMs, permittedFromMs(standing.breaker, nowMs));
}

function createReport(standing: Standing, options: ProviderSetOptions) {
  let told = false;
  return (end: AttemptOutcome | 'unavailable' | 'unused', nowMs: number): void => {
    if (told) return;
    told = true;
    standing.breaker = noteOutcome(standing.breaker, options.breaker, kindOf(end), nowMs);
    if (typeof end === 'string' || end.kind !== 'slow-down') return;
    const untilMs = nowMs + (end.retryAfterMs ?? options.slowDownMs);
    standing.blockedUntilMs = Math.max(standing.blockedUntilMs, untilMs);
  };
}

function kindOf(end: AttemptOutcome | 'unavailable' | 'unused'): AttemptOutcome['kind'] {
  if (end === 'unavailable') return 'not-sent';
  return end === 'unused' ? 'aborted' : end.kind;
}

/** A check that ignores its signal must not hold the answer up. */
async function checkInTime(
  provider: AnyProvider,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<ProviderHealth> {
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const late = new Promise<ProviderHealth>((resolve) => {
    const tell = (): void => resolve(lateHealth(provider, timeoutMs));
    if (giveUp.aborted) tell();
    else giveUp.addEventListener('abort', tell, { once: true });
  });
  return Promise.race([provider.checkHealth(giveUp), late]);
}

function lateHealth(provider: AnyProvider, latencyMs: number): ProviderHealth {
  const { name, channel } = provider;
  return {
    provider: name,
    channel,
    ok: false,
    status: 'unreachable',
    latencyMs,
    detail: 'no answer in time',
  };
}
