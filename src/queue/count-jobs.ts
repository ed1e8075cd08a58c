import type { ChainableCommander, Redis } from 'ioredis';
import { type QueueName, queueNames } from '../domain/channel.ts';
import { parseEventId, parseMessageId } from '../domain/ids.ts';
import type { Keys, Store } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';
import { type JobContent, readJobData } from './job-data.ts';

/** How many records the jobs of a queue lead to. */
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
}

/** BullMQ scores a delayed job with its instant (ms) times this, plus a counter. */
export const delayedScoreFactor = 0x1000;
/** Jobs looked at in a list: all of a short one, and enough of a long one to know what is in it. */
const samplesMax = 100;

/** Of each queue, all shards together: exact up to a hundred jobs in a list, and beyond that from a sample of as many. */
export async function readDepths({ redis, keys }: Store): Promise<Record<QueueName, QueueDepth>> {
  const read = async (name: QueueName): Promise<readonly [QueueName, QueueDepth]> => {
    const sum = async (list: JobList): Promise<number> => {
      const counts = keys.all.map(async ({ queuePrefix }) =>
        countRecords(await sampleJobs(redis, `${queuePrefix}:${name}`, list)),
      );
      return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
    };
    const [waiting, active, delayed] = await Promise.all([sum('wait'), sum('active'), sum('delayed')]);
    return [name, { waiting, active, delayed }];
  };
  return Object.fromEntries(await Promise.all(queueNames.map(read))) as Record<QueueName, QueueDepth>;
}

/**
 * Events and messages that could be worked on now and are not: with a waiting job, or with a delayed one whose time has
 * come. Of all queues and shards. What is delayed on purpose is not a backlog.
 */
export async function countWaiting({ redis, keys }: Store, nowMs: number): Promise<number> {
  let count = 0;
  for (const queue of listQueueKeys(keys)) {
    count += countRecords(await sampleJobs(redis, queue, 'wait'));
    count += await redis.zcount(`${queue}:delayed`, '-inf', (nowMs + 1) * delayedScoreFactor - 1);
  }
  return count;
}

/**
 * About how many events and messages each client has waiting, by a sample: of each queue and shard the clients of up to
 * a hundred. What is of nobody (the proof of life, what is gone) is left out.
 */
export async function sampleWaiting(redis: Redis, keys: Keys): Promise<ReadonlyMap<string, number>> {
  const waitingOf = new Map<string, number>();
  for (const queue of listQueueKeys(keys)) {
    const sample = await sampleJobs(redis, queue, 'wait');
    const waiting = countRecords(sample);
    if (waiting === 0) continue;
    const ids = sample.contents.flatMap(({ members }) => members.map(({ id }) => id));
    const reads = redis.pipeline();
    for (const at of pickPositions(ids.length)) {
      const record = findRecord(keys, ids[at] ?? '');
      if (record !== undefined) reads.hget(record, 'client');
    }
    const clients = await readTexts(reads);
    for (const client of clients)
      waitingOf.set(client, (waitingOf.get(client) ?? 0) + waiting / clients.length);
  }
  return waitingOf;
}

type JobList = 'wait' | 'active' | 'delayed';

interface JobSample {
  /** Jobs in the list. */
  readonly jobs: number;
  /** Of those that were looked at and are still there. */
  readonly contents: readonly JobContent[];
}

async function sampleJobs(redis: Redis, queue: string, list: JobList): Promise<JobSample> {
  return await callStore('count jobs', async () => {
    const key = `${queue}:${list}`;
    const jobs = list === 'delayed' ? await redis.zcard(key) : await redis.llen(key);
    const positions = redis.pipeline();
    for (const at of pickPositions(jobs))
      if (list === 'delayed') positions.zrange(key, String(at), String(at));
      else positions.lindex(key, at);
    const reads = redis.pipeline();
    for (const name of await readTexts(positions)) reads.hget(`${queue}:${name}`, 'data');
    const contents = (await readTexts(reads)).flatMap((data) => readJobData('', JSON.parse(data)) ?? []);
    return { jobs, contents };
  });
}

/** What nobody can read counts as one. */
function countRecords({ jobs, contents }: JobSample): number {
  const found = contents.reduce((sum, { members }) => sum + members.length, 0);
  return contents.length === 0 ? jobs : Math.round((jobs * found) / contents.length);
}

/** What BullMQ's keys of each queue of each shard begin with. */
function listQueueKeys(keys: Keys): string[] {
  return keys.all.flatMap(({ queuePrefix }) => queueNames.map((name) => `${queuePrefix}:${name}`));
}

/** One at random of each stretch, and not at even distances: what clients bring by turns would look like one of them. */
function pickPositions(length: number): readonly number[] {
  const count = Math.min(samplesMax, length);
  return Array.from({ length: count }, (_, index) => Math.floor(((index + Math.random()) * length) / count));
}

/** The results that are texts; what failed or is gone is left out. */
async function readTexts(reads: ChainableCommander): Promise<readonly string[]> {
  const results = (await reads.exec()) ?? [];
  return results.flatMap(([error, found]) => {
    const text = Array.isArray(found) ? found[0] : found;
    return error === null && typeof text === 'string' ? [text] : [];
  });
}

function findRecord(keys: Keys, id: string): string | undefined {
  const event = parseEventId(id);
  if (event !== undefined) return keys.of(event).event(event);
  const message = parseMessageId(id);
  return message === undefined ? undefined : keys.of(message).message(message);
}
