import { bucketMs } from '../domain/thresholds.ts';
import type { Lease } from '../store/lease.ts';
import { toBucketStart } from './add-to-windows.ts';
import { actOnIncidents, type GuardDesk, judgeFleet } from './judge-fleet.ts';
import { reportSlos, type SloDesk } from './report-slos.ts';

/** How long a guard that died is waited for. It is renewed several times in that span. */
export const guardLeaseMs = 5_000;
export const guardTurnMs = 1_000;
const reportEveryMs = 6 * bucketMs;

/**
 * One turn of a guard: nothing for one that stands by; the active one judges once in every bucket, reports the
 * budgets once a minute, and in between tries again whatever it could not do.
 */
export function createWatch(
  desk: GuardDesk,
  budgets: SloDesk,
  lease: Pick<Lease, 'hold'>,
): () => Promise<void> {
  let judgedAt = 0;
  let reportedAt = 0;
  return async () => {
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
    if (Math.abs(atMs - reportedAt) < reportEveryMs) return;
    await reportSlos(budgets, series);
    reportedAt = atMs;
  };
}
