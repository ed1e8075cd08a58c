import { readEnvironmentFlags } from '../config/environment-flags.ts';
import { parseInstant } from '../domain/instant.ts';
import { createProofJudge } from '../guard/proof-of-life.ts';
import { type NoteDesk, readReleasedAt, turnStatusNotes } from '../guard/status-notes.ts';
import { describeStatus } from '../operator/describe-status.ts';
import { runTask } from '../runtime/run-task.ts';
import { createLease } from '../store/lease.ts';
import type { Foundation } from './build-foundation.ts';

const lookEveryMs = 1_000;
const leaseMs = 15_000;

/** Starts writing status notes (VER-3); of all guards, the one that holds the lease does. */
export function startStatusNotes(foundation: Foundation, isGuardPassed: () => boolean): void {
  const { configuration, version, redis, keys, jobs, log, now, monotonicNow } = foundation;
  const { STATUS_WEBHOOK_URL, RELEASED_AT, PROOF_OF_LIFE_SECONDS } = configuration.values;
  const store = { redis: redis.commands, keys, now };
  const intervalMs = PROOF_OF_LIFE_SECONDS * 1_000;
  const describeDeps = {
    ...store,
    jobs,
    environment: () => readEnvironmentFlags(configuration, isGuardPassed()),
    judgeProof: createProofJudge({ ...store, intervalMs, monotonicNow }),
    appBaseUrl: configuration.appBaseUrl,
  };
  const configured = RELEASED_AT === undefined ? undefined : parseInstant(RELEASED_AT);
  const desk: NoteDesk = {
    ...store,
    release: `auto_com_center ${version}`,
    releasedAtMs: async () => configured ?? (await readReleasedAt(store, version)),
    describe: () => describeStatus(describeDeps),
    webhook: STATUS_WEBHOOK_URL === undefined ? undefined : new URL(STATUS_WEBHOOK_URL),
    log,
  };
  const lease = createLease(redis.commands, keys.shard(0).lease('notes'), leaseMs);
  runTask(foundation, {
    name: 'status notes',
    everyMs: lookEveryMs,
    run: () => turnStatusNotes(desk),
    lease,
  });
}
