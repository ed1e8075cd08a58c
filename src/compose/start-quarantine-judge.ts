import { runTask } from '../runtime/run-task.ts';
import { createLease } from '../store/lease.ts';
import type { Foundation } from './build-foundation.ts';
import { buildIdentity } from './build-identity.ts';
import { buildJudge } from './build-quarantine.ts';

const everyMs = 1_000;

/** Starts the judge of quarantined events (IDN-4), with issuer keys of its own: one is active by lease, others stand by. */
export async function startQuarantineJudge(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, now, monotonicNow, shutdown } = foundation;
  const identity = buildIdentity(configuration, { now, monotonicNow });
  const judge = buildJudge(foundation, identity);
  const lease = createLease(redis.commands, keys.shard(0).lease('quarantine-judge'), 15_000);
  const life = new AbortController();
  shutdown.push('key set of the judge', async () => {
    life.abort();
    await identity.keySet.stop();
  });
  await identity.keySet.start(life.signal);
  runTask(foundation, {
    name: 'quarantine judge',
    everyMs,
    run: () => judge(configuration.values.QUARANTINE_JUDGE_PER_SECOND),
    lease,
  });
}
