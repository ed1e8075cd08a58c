import type { Redis } from 'ioredis';
import { queueNames } from '../domain/channel.ts';
import type { Keys } from '../store/keys.ts';
import type { JobAdder } from './job-adder.ts';
import { delayedScoreFactor } from './job-timing.ts';

/**
 * Jobs that could be worked on now and are not: waiting ones, and delayed ones whose time has come. Of all queues
 * and shards. Jobs delayed on purpose are not a backlog.
 */
export async function countWaiting(
  { redis, keys, jobs }: { redis: Redis; keys: Keys; jobs: Pick<JobAdder, 'readDepths'> },
  nowMs: number,
): Promise<number> {
  const depths = await jobs.readDepths();
  let count = Object.values(depths).reduce((sum, { waiting }) => sum + waiting, 0);
  for (let shard = 0; shard < keys.shards; shard += 1) {
    for (const name of queueNames) {
      const delayed = `${keys.shard(shard).queuePrefix}:${name}:delayed`;
      count += await redis.zcount(delayed, '-inf', (nowMs + 1) * delayedScoreFactor - 1);
    }
  }
  return count;
}
