import type { Redis } from 'ioredis';
import { queueNames } from '../domain/channel.ts';
import { parseEventId, parseMessageId } from '../domain/ids.ts';
import type { Keys } from '../store/keys.ts';
import type { JobAdder } from './job-adder.ts';
import { delayedScoreFactor } from './job-timing.ts';

/** Jobs looked at in each queue of a shard: enough to tell whose most of it is. */
const samplesMax = 100;

/**
 * About how many jobs each client has waiting, by a sample: of each queue and shard the clients of up to a hundred jobs,
 * one at random of each stretch of it. Jobs of nobody (the proof of life, what is gone) are left out.
 */
export async function sampleWaiting(
  redis: Redis,
  keys: Keys,
  random: () => number,
): Promise<ReadonlyMap<string, number>> {
  const jobsOf = new Map<string, number>();
  for (let shard = 0; shard < keys.shards; shard += 1) {
    for (const name of queueNames) {
      const list = `${keys.shard(shard).queuePrefix}:${name}:wait`;
      const jobs = await redis.llen(list);
      if (jobs === 0) continue;
      const clients = await readClients(
        redis,
        keys,
        await readSpread(redis, list, pickPositions(jobs, random)),
      );
      for (const client of clients) jobsOf.set(client, (jobsOf.get(client) ?? 0) + jobs / clients.length);
    }
  }
  return jobsOf;
}

/** Not at even distances: what clients bring by turns would look like one of them. */
function pickPositions(length: number, random: () => number): readonly number[] {
  const count = Math.min(samplesMax, length);
  return Array.from({ length: count }, (_, index) => Math.floor(((index + random()) * length) / count));
}

async function readSpread(
  redis: Redis,
  list: string,
  positions: readonly number[],
): Promise<readonly string[]> {
  const reads = redis.pipeline();
  for (const position of positions) reads.lindex(list, position);
  const results = (await reads.exec()) ?? [];
  return results.flatMap(([error, id]) => (error === null && typeof id === 'string' ? [id] : []));
}

async function readClients(redis: Redis, keys: Keys, jobIds: readonly string[]): Promise<readonly string[]> {
  const reads = redis.pipeline();
  for (const jobId of jobIds) {
    const record = findRecord(keys, jobId);
    if (record !== undefined) reads.hget(record, 'client');
  }
  const results = (await reads.exec()) ?? [];
  return results.flatMap(([error, client]) => (error === null && typeof client === 'string' ? [client] : []));
}

/** A job is named by its event, or by its message and a number. */
function findRecord(keys: Keys, jobId: string): string | undefined {
  const [id = ''] = jobId.split('-', 1);
  const event = parseEventId(id);
  if (event !== undefined) return keys.of(event).event(event);
  const message = parseMessageId(id);
  return message === undefined ? undefined : keys.of(message).message(message);
}

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
