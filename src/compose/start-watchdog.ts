import { readEnvironmentFlags } from '../config/environment-flags.ts';
import { reconcile } from '../deliver/reconcile.ts';
import { toUnknownPolicy } from '../domain/decide-outcome.ts';
import { parseInstant } from '../domain/instant.ts';
import { auditBounds, trimAudit } from '../gate/trim-audit.ts';
import { createAuditWatch } from '../gate/watch-audit.ts';
import { describeStatus } from '../operator/describe-status.ts';
import { runTask } from '../runtime/run-task.ts';
import { createLease } from '../store/lease.ts';
import type { IndexEntry } from '../store/walk-index.ts';
import { createProofJudge } from '../watchdog/proof-of-life.ts';
import { type NoteDeps, readReleasedAt, turnStatusNotes } from '../watchdog/status-notes.ts';
import { buildCatalog } from './build-catalog.ts';
import type { Foundation } from './build-foundation.ts';
import { buildGate } from './build-gate.ts';
import { buildIdentity } from './build-identity.ts';
import { buildJudge } from './build-quarantine.ts';
import { startFleetWatch } from './start-fleet-watch.ts';
import { readRelease, startPreflight } from './start-preflight.ts';
import { startProofOfLife } from './start-proof-of-life.ts';

/** Most tasks look this often whether there is something to do. */
const lookEveryMs = 1_000;
const trimEveryMs = 10 * 60_000;

/** Starts the guard: one is active by lease, others stand by. It judges the fleet, and brings records and queue together. */
export async function startWatchdog(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, jobs, log, now } = foundation;
  const { values } = configuration;
  const { catalog, renderer } = buildCatalog(configuration, now);
  const gate = buildGate(foundation);
  const everyMs = values.RECONCILE_SECONDS * 1_000;
  const lease = createLease(redis.commands, keys.central.lease('guard'), 2 * everyMs + 5_000);
  const places = new Map<string, IndexEntry>();
  await gate.watch.start();
  await startQuarantineJudge(foundation);
  startFleetWatch(foundation, gate.watch);
  startProofOfLife(foundation, gate.watch);
  const release = readRelease(foundation, { catalog, renderer });
  startStatusNotes(
    foundation,
    await startPreflight(foundation, { process: 'guard', release, brand: catalog.shared.brand }),
  );
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
      // Five indexes of each shard, and the lease is longer than all of them together.
      walkMs: everyMs / (5 * keys.shards),
      places,
      log,
    });
  runTask(foundation, { name: 'reconciler', everyMs, run, lease });
}

/** Watches the audit chain, and keeps its stream within its bounds. */
function startAuditWatch(foundation: Foundation): void {
  const { redis, keys, log, now } = foundation;
  const shard = keys.central;
  const look = createAuditWatch(redis.commands, shard, log);
  runTask(foundation, { name: 'audit watch', everyMs: lookEveryMs, run: look });
  const lease = createLease(redis.commands, shard.lease('audit'), 30_000);
  const onTrimmed = ({ text, hash }: { readonly text: string; readonly hash: string }): void =>
    log.info({ audit_line: text, audit_hash: hash }, 'an audit line leaves the store; this is its copy');
  const trim = async (): Promise<void> => {
    while ((await trimAudit(redis.commands, shard, { bounds: auditBounds, nowMs: now(), onTrimmed })) > 0)
      if (!(await lease.hold())) return;
  };
  runTask(foundation, { name: 'trim audit', everyMs: trimEveryMs, run: trim, lease });
}

/** Starts the judge of quarantined events (IDN-4), with issuer keys of its own: one is active by lease, others stand by. */
async function startQuarantineJudge(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, now, monotonicNow, shutdown } = foundation;
  const identity = buildIdentity(configuration, { now, monotonicNow });
  const judge = buildJudge(foundation, identity);
  const lease = createLease(redis.commands, keys.central.lease('quarantine-judge'), 15_000);
  const life = new AbortController();
  shutdown.push('key set of the judge', () => life.abort());
  identity.keySet.start(life.signal);
  runTask(foundation, {
    name: 'quarantine judge',
    everyMs: lookEveryMs,
    run: () => judge(configuration.values.QUARANTINE_JUDGE_PER_SECOND),
    lease,
  });
}

/** Starts writing status notes (VER-3); of all guards, the one that holds the lease does. */
function startStatusNotes(foundation: Foundation, isPreflightPassed: () => boolean): void {
  const { configuration, version, redis, keys, jobs, log, now, monotonicNow } = foundation;
  const { STATUS_WEBHOOK_URL, RELEASED_AT, PROOF_OF_LIFE_SECONDS } = configuration.values;
  const store = { redis: redis.commands, keys, now };
  const intervalMs = PROOF_OF_LIFE_SECONDS * 1_000;
  const describeDeps = {
    ...store,
    jobs,
    environment: () => readEnvironmentFlags(configuration, isPreflightPassed()),
    judgeProof: createProofJudge({ ...store, intervalMs, monotonicNow }),
    appBaseUrl: configuration.appBaseUrl,
  };
  const configured = RELEASED_AT === undefined ? undefined : parseInstant(RELEASED_AT);
  const deps: NoteDeps = {
    ...store,
    release: `auto_com_center ${version}`,
    releasedAtMs: async () => configured ?? (await readReleasedAt(store, version)),
    describe: () => describeStatus(describeDeps),
    webhook: STATUS_WEBHOOK_URL === undefined ? undefined : new URL(STATUS_WEBHOOK_URL),
    log,
  };
  const lease = createLease(redis.commands, keys.central.lease('notes'), 15_000);
  runTask(foundation, {
    name: 'status notes',
    everyMs: lookEveryMs,
    run: () => turnStatusNotes(deps),
    lease,
  });
}
