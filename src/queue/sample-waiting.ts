import type { ChainableCommander, Redis } from 'ioredis';
import { queueNames } from '../domain/channel.ts';
import { parseEventId, parseMessageId } from '../domain/ids.ts';
import type { Keys } from '../store/keys.ts';
import { delayedScoreFactor, type JobAdder } from './job-adder.ts';

/** Jobs looked at in each queue of a shard: enough to see which client has most of it. */
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
  for (const queue of listQueueKeys(keys)) {
    const list = `${queue}:wait`;
    const jobs = await redis.llen(list);
    if (jobs === 0) continue;
    const positions = redis.pipeline();
    for (const position of pickPositions(jobs, random)) positions.lindex(list, position);
    const records = redis.pipeline();
    for (const jobId of await readTexts(positions)) {
      const record = findRecord(keys, jobId);
      if (record !== undefined) records.hget(record, 'client');
    }
    const clients = await readTexts(records);
    for (const client of clients) jobsOf.set(client, (jobsOf.get(client) ?? 0) + jobs / clients.length);
  }
  return jobsOf;
}

/** What BullMQ's keys of each queue of each shard begin with. */
function listQueueKeys(keys: Keys): string[] {
  return keys.all.flatMap(({ queuePrefix }) => queueNames.map((name) => `${queuePrefix}:${name}`));
}

/** Not at even distances: what clients bring by turns would look like one of them. */
function pickPositions(length: number, random: () => number): readonly number[] {
  const count = Math.min(samplesMax, length);
  return Array.from({ length: count }, (_, index) => Math.floor(((index + random()) * length) / count));
}

/** The results that are texts; what failed or is gone is left out. */
async function readTexts(reads: ChainableCommander): Promise<readonly string[]> {
  const results = (await reads.exec()) ?? [];
  return results.flatMap(([error, text]) => (error === null && typeof text === 'string' ? [text] : []));
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
  for (const queue of listQueueKeys(keys))
    count += await redis.zcount(`${queue}:delayed`, '-inf', (nowMs + 1) * delayedScoreFactor - 1);
  return count;
}
