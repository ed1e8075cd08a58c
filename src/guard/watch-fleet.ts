import { bucketMs } from '../domain/thresholds.ts';
import type { Lease } from '../store/lease.ts';
import { toBucketStart } from './add-to-windows.ts';
import type { FleetClock } from './fleet-clock.ts';
import { actOnIncidents, type GuardDesk, judgeFleet } from './judge-fleet.ts';
import { staleAfterMs } from './read-guard.ts';
import { reportSlos, type SloDesk } from './report-slos.ts';

/** How long a guard that died is waited for. It is renewed several times in that span. */
export const guardLeaseMs = 5_000;
export const guardTurnMs = 1_000;
const reportEveryMs = 6 * bucketMs;

export interface WatchParts {
  readonly desk: GuardDesk;
  readonly budgets: SloDesk;
  readonly lease: Pick<Lease, 'hold'>;
  readonly clock: Pick<FleetClock, 'set'>;
}

/**
 * One turn of a guard: nothing for one that stands by; the active one judges once in every bucket, reports the
 * budgets once a minute, and in between tries again whatever it could not do. One that cannot judge, because the store
 * is away, soon shows no verdict any more: an old one would look as if somebody watched.
 */
export function createWatch({ desk, budgets, lease, clock }: WatchParts): () => Promise<void> {
  let judgedAt = 0;
  let reportedAt = 0;
  let judgedMs = desk.monotonicNow();
  const turn = async (): Promise<void> => {
    await clock.set();
    if (!(await lease.hold())) {
      desk.metrics.forgetFleet();
      return;
    }
    const atMs = toBucketStart(desk.now());
    // A clock that was set back must not silence the guard.
    if (atMs === judgedAt) {
      await actOnIncidents(desk);
      return;
    }
    const series = await judgeFleet(desk);
    judgedAt = atMs;
    judgedMs = desk.monotonicNow();
    if (Math.abs(atMs - reportedAt) < reportEveryMs) return;
    await reportSlos(budgets, series);
    reportedAt = atMs;
  };
  return async () => {
    try {
      await turn();
    } catch (error) {
      if (desk.monotonicNow() - judgedMs > staleAfterMs) desk.metrics.forgetFleet();
      throw error;
    }
  };
}
