import { readTriggerModes } from '../config/environment-flags.ts';
import { burnSamplesMin, triggerTable } from '../domain/thresholds.ts';
import type { GateWatch } from '../gate/gate-watch.ts';
import { countWaiting, sampleWaiting } from '../queue/count-jobs.ts';
import { runTask } from '../runtime/run-task.ts';
import { createLease } from '../store/lease.ts';
import { createFleetClock } from '../watchdog/fleet-clock.ts';
import type { WatchdogDeps } from '../watchdog/judge-fleet.ts';
import { createWindowReader } from '../watchdog/read-windows.ts';
import type { SloDeps } from '../watchdog/report-slos.ts';
import { createWatch, watchdogLeaseMs, watchdogTurnMs } from '../watchdog/watch-fleet.ts';
import { type Foundation, toFlagStore } from './build-foundation.ts';

/** Starts watching the fleet; of all guards, the one that holds the lease judges. */
export function startFleetWatch(foundation: Foundation, gate: GateWatch): void {
  const { configuration, redis, keys, metrics, log, now, monotonicNow, reportError } = foundation;
  const { values } = configuration;
  const { GUARD_MIN_REQUESTS: requests, GUARD_MIN_TOKENS: tokens } = values;
  const clock = createFleetClock({ redis: redis.commands, now, monotonicNow });
  const store = { ...toFlagStore(foundation), now: clock.now, metrics, lastSeen: () => gate.current() };
  const deps: WatchdogDeps = {
    ...store,
    windows: createWindowReader(redis.commands, keys, clock.now),
    countWaiting: (nowMs) => countWaiting({ redis: redis.commands, keys }, nowMs),
    sampleWaiting: () => sampleWaiting(redis.commands, keys),
    modes: readTriggerModes(configuration),
    samplesMin: {
      '5xx': requests,
      p95: requests,
      tokens,
      depth: triggerTable.depth.baselineSamplesMin,
    },
    depthFloor: values.GUARD_DEPTH_FLOOR,
    log,
    reportError,
    monotonicNow,
  };
  const budgets: SloDeps = {
    ...store,
    samplesMin: {
      '5xx': requests,
      p95: requests,
      auth: tokens,
      uptime: burnSamplesMin,
      'dead-letters': burnSamplesMin,
      depth: burnSamplesMin,
    },
  };
  const lease = createLease(redis.commands, keys.central.lease('watch'), watchdogLeaseMs);
  const watch = createWatch({ deps, budgets, lease, clock });
  runTask(foundation, {
    name: 'fleet watch',
    everyMs: watchdogTurnMs,
    run: watch,
    atEnd: () => lease.release(),
  });
}
