import { reconcile } from '../deliver/reconcile.ts';
import { toUnknownPolicy } from '../domain/decide-outcome.ts';
import { runTask } from '../runtime/run-task.ts';
import { createLease } from '../store/lease.ts';
import type { IndexEntry } from '../store/walk-index.ts';
import { buildCatalog } from './build-catalog.ts';
import type { Foundation } from './build-foundation.ts';
import { buildGate } from './build-gate.ts';
import { startAuditWatch } from './start-audit-watch.ts';
import { startFleetWatch } from './start-fleet-watch.ts';
import { readRelease, startPreflight } from './start-preflight.ts';
import { startProofOfLife } from './start-proof-of-life.ts';
import { startQuarantineJudge } from './start-quarantine-judge.ts';
import { startStatusNotes } from './start-status-notes.ts';

/** Starts the guard: one is active by lease, others stand by. It judges the fleet, and brings records and queue together. */
export async function startGuard(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, jobs, log, now } = foundation;
  const { values } = configuration;
  const { catalog, renderer } = buildCatalog(configuration, now);
  const gate = buildGate(foundation);
  const everyMs = values.RECONCILE_SECONDS * 1_000;
  const lease = createLease(redis.commands, keys.shard(0).lease('guard'), 2 * everyMs + 5_000);
  const places = new Map<string, IndexEntry>();
  await gate.watch.start();
  await startQuarantineJudge(foundation);
  startFleetWatch(foundation);
  startProofOfLife(foundation, gate.watch);
  const release = readRelease(foundation, { catalog, renderer });
  startStatusNotes(foundation, await startPreflight(foundation, { process: 'guard', release }));
  startAuditWatch(foundation);
  const run = () =>
    reconcile({
      redis: redis.commands,
      keys,
      jobs,
      permits: gate.permits,
      decisions: gate.decisions,
      findPolicy: (type) =>
        toUnknownPolicy({
          onUnknown: catalog.find(type)?.onUnknown ?? 'ask',
          retriesEnabled: values.RETRIES_ENABLED,
        }),
      ageMs: values.RECONCILE_AGE_SECONDS * 1_000,
      retentionMs: gate.retentionMs,
      // Five indexes, and the lease is longer than all of them together.
      walkMs: everyMs / 5,
      places,
      log,
    });
  runTask(foundation, { name: 'reconciler', everyMs, run, lease });
}
