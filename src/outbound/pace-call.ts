import { type BackOff, backOffMs } from '../domain/back-off.ts';

export type PacedOutcome = { readonly ok: true } | { readonly ok: false; readonly detail: string };

export interface PacedCallOptions {
  /** Must settle within a bounded time. A throw counts as a failure. */
  readonly call: () => Promise<PacedOutcome>;
  /** Steady milliseconds; only differences are used. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly backOff: BackOff;
}

/** A call to something that may be down: one at a time, and none before the last failure's back-off is over. */
export interface PacedCall {
  /** Joins the call under way, or makes one if it may; returns at once if it may not. Never rejects. */
  run(): Promise<void>;
  isRunning(): boolean;
  mayRun(): boolean;
  /** What went wrong last, and nothing once a call went well. */
  failure(): string | undefined;
}

/**
 * Bounds what an outage costs the other side: however many ask, after failure number n the next call waits
 * between half and the whole of `min(cap, base × 2^(n-1))`. (Full jitter could come back at once.)
 */
export function paceCall(options: PacedCallOptions): PacedCall {
  let running: Promise<void> | undefined;
  let failures = 0;
  let lastFailure: string | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;

  const attempt = async (): Promise<void> => {
    const outcome = await settle(options.call);
    if (outcome.ok) {
      failures = 0;
      lastFailure = undefined;
      return;
    }
    failures += 1;
    lastFailure = outcome.detail;
    const ceilingMs = backOffMs(options.backOff, failures, 1);
    notBefore = options.now() + ceilingMs / 2 + (options.random() * ceilingMs) / 2;
  };

  const mayRun = (): boolean => running === undefined && (failures === 0 || options.now() >= notBefore);

  return {
    run: () => {
      if (mayRun()) {
        running = attempt().finally(() => {
          running = undefined;
        });
      }
      return running ?? Promise.resolve();
    },
    isRunning: () => running !== undefined,
    mayRun,
    failure: () => lastFailure,
  };
}

async function settle(call: () => Promise<PacedOutcome>): Promise<PacedOutcome> {
  try {
    return await call();
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : 'an unknown error' };
  }
}
