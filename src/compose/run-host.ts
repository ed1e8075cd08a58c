import pLimit from 'p-limit';
import type { FlagName } from '../domain/flags.ts';
import type { GateWatch } from '../gate/gate-watch.ts';
import { pauseWithFlags } from '../queue/pause-with-flags.ts';
import { createQueueHost, type QueueHostOptions } from '../queue/queue-host.ts';
import { createHostWatch } from '../queue/watch-host.ts';
import { runTask } from '../runtime/run-task.ts';
import type { Foundation } from './build-foundation.ts';

const stalledMs = 60_000;
const lookEveryMs = 5_000;
/** EX_SOFTWARE of sysexits.h. */
const stalledExitCode = 70;

type HostOptions = Omit<QueueHostOptions, 'jobs' | 'onError' | 'now' | 'monotonicNow'> & {
  readonly watch: GateWatch;
  readonly flags: readonly FlagName[];
};

/**
 * Runs the hosts of one queue, one for each shard. They share the places of the process and a connection; each takes up its
 * share of jobs, at least one, and has one more connection, on which it waits for them.
 */
export async function runHosts(
  foundation: Foundation,
  options: Omit<HostOptions, 'queuePrefix' | 'places'>,
): Promise<void> {
  const { all, shards } = foundation.keys;
  const share = (shard: number): number =>
    Math.max(1, Math.floor(options.concurrency / shards) + Number(shard < options.concurrency % shards));
  const places = pLimit(options.concurrency);
  await Promise.all(
    all.map(({ queuePrefix }, shard) =>
      runHost(foundation, { ...options, queuePrefix, places, concurrency: share(shard) }),
    ),
  );
}

/**
 * Runs a host until the process ends: in step with the gate's consume flags, and watched. When it is stalled the
 * process ends at once, for its supervisor to start another; what it had under way is claimed and settles by itself.
 */
async function runHost(foundation: Foundation, options: HostOptions): Promise<void> {
  const { redis, jobs, log, now, monotonicNow, shutdown, reportError } = foundation;
  const { watch, flags, queue, queuePrefix } = options;
  const host = createQueueHost({ ...options, jobs, onError: reportError, now, monotonicNow });
  // All hosts of a process at once: while one waits for its last job, another must not take up new ones.
  shutdown.ending.addEventListener('abort', () => host.stopPickup());
  shutdown.push(host.name, (deadlineMs) => host.stop(deadlineMs));
  await pauseWithFlags({ host, watch, flags, reportError });
  const isStalled = createHostWatch({
    host,
    countWaiting: () => redis.commands.llen(`${queuePrefix}:${queue}:wait`),
    stalledMs,
    now: monotonicNow,
  });
  const look = async (): Promise<void> => {
    if (!(await isStalled())) return;
    const facts = { queue, idle_ms: Math.round(monotonicNow() - host.lastPickupAt()) };
    log.fatal(
      facts,
      `jobs wait and this worker takes none for ${stalledMs / 1_000} s: it ends, to be replaced`,
    );
    process.exit(stalledExitCode);
  };
  runTask(foundation, { name: `${host.name} watch`, everyMs: lookEveryMs, run: look });
}
