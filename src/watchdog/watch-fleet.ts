import { bucketMs } from '../domain/thresholds.ts';
import type { Lease } from '../store/lease.ts';
import { toBucketStart } from './add-to-windows.ts';
import type { FleetClock } from './fleet-clock.ts';
import { actOnIncidents, judgeFleet, type WatchdogDeps } from './judge-fleet.ts';
import { staleAfterMs } from './read-watchdog.ts';
import { reportSlos, type SloDeps } from './report-slos.ts';

/** How long the lease of a watchdog that died lasts. It is renewed several times in that span. */
export const watchdogLeaseMs = 5_000;
export const watchdogTurnMs = 1_000;
const reportEveryMs = 6 * bucketMs;

export interface WatchParts {
  readonly deps: WatchdogDeps;
  readonly budgets: SloDeps;
  readonly lease: Pick<Lease, 'hold'>;
  readonly clock: Pick<FleetClock, 'set'>;
}

/**
 * One turn of a watchdog: nothing for a standby; the active one judges once in every bucket, reports the
 * budgets once a minute, and in between tries again whatever it could not do. One that cannot judge, because the store
 * is away, soon shows no verdict any more: an old one would look as if somebody watched.
 */
export function createWatch({ deps, budgets, lease, clock }: WatchParts): () => Promise<void> {
  let judgedAt = 0;
  let reportedAt = 0;
  let judgedMs = deps.monotonicNow();
  const turn = async (): Promise<void> => {
    await clock.set();
    if (!(await lease.hold())) {
      deps.metrics.forgetFleet();
      return;
    }
    const atMs = toBucketStart(deps.now());
    // A clock that was set back must not silence the watchdog.
    if (atMs === judgedAt) {
      await actOnIncidents(deps);
      return;
    }
    const series = await judgeFleet(deps);
    judgedAt = atMs;
    judgedMs = deps.monotonicNow();
    if (Math.abs(atMs - reportedAt) < reportEveryMs) return;
    await reportSlos(budgets, series);
    reportedAt = atMs;
  };
  return async () => {
    try {
      await turn();
    } catch (error) {
      if (deps.monotonicNow() - judgedMs > staleAfterMs) deps.metrics.forgetFleet();
      throw error;
    }
  };
}
