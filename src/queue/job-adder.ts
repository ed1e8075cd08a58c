import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Channel, mapChannels, type QueueName } from '../domain/channel.ts';
import { type EventId, type MessageId, shardOf } from '../domain/ids.ts';
import type { Keys, ShardKeys } from '../store/keys.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { delayedScoreFactor } from './count-jobs.ts';
import { idOf, type JobMarks, type Pointer, recordOf, toGroupData, toSingleData } from './job-data.ts';
import { createJobGroups, type JobPlace } from './job-groups.ts';

/** What BullMQ calls all jobs; the queue says what they are. */
const jobName = 'pointers';
/** The longest that a job sleeps after a failure. */
export const pauseMsMax = 60_000;

/**
 * Adds jobs. A job holds pointers to records and has a name of our making, so adding it twice makes one job, and losing
 * it loses nothing: the record is what was accepted, and the reconciler adds what is missing.
 */
export interface JobAdder {
  /** A place in the job of what is written in this turn of the event loop and is due at once. */
  reserve(queue: QueueName, id: EventId | MessageId): JobPlace;
  /** Adds without being waited for; a failure is reported, never thrown. */
  addEventJob(id: EventId, place?: JobPlace): void;
  addMessageJob(message: MessageJob, place?: JobPlace): Promise<void>;
  /** Gives a pointer that was in a group a job of its own, due in `inMs` by the store's clock. */
  addOwnJob(queue: QueueName, pointer: Pointer, marks: JobMarks, inMs: number): Promise<void>;
  /**
   * For an event or a message whose turn has come: adds a job when none that points to it is waiting, delayed or
   * active, and wakes one that sleeps though it should not, by a clock that is wrong. `job` is the one that the record
   * names. Returns whether it had to.
   */
  ensureEventJob(id: EventId, job?: string): Promise<boolean>;
  ensureMessageJob(message: MessageJob, job?: string): Promise<boolean>;
  /** Waits for adds still under way, at most `deadlineMs`, then closes. */
  close(deadlineMs: number): Promise<void>;
}

export interface MessageJob {
  readonly id: MessageId;
  readonly channel: Channel;
  /** A message released or replayed gets a new job; its number keeps it apart from the old one. */
  readonly generation: number;
  /** When its turn comes (epoch ms of the store's clock); 0: now. */
  readonly dueAt: number;
}

export interface JobAdderOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  /** Jobs of the proof of life: in the same queues as all others, and marked. */
  readonly isProof?: boolean;
  readonly onError: (what: string, error: unknown) => void;
}

/** Opens the producer side of every queue on the given connection. */
export function createJobAdder(options: JobAdderOptions): JobAdder {
  const openShards = createShardOpener(options);
  const pending = new Set<Promise<unknown>>();
  const plain: JobMarks = { isProof: options.isProof === true, isSuspect: false };
  const queueOf = (name: QueueName, id: EventId | MessageId | undefined): Queue => {
    const found = id === undefined ? undefined : openShards()[shardOf(id)]?.[name];
    if (found === undefined) throw new RangeError(`no queue for ${id}`);
    return found;
  };
  const add = async (name: QueueName, pointer: Pointer, marks = plain, timing: Timing = {}) => {
    const data = toSingleData(idOf(pointer), marks);
    await queueOf(name, recordOf(pointer)).add(jobName, data, { jobId: pointer, ...timing });
  };
  const reserve = createJobGroups(async (name: QueueName, job, pointers) => {
    const [first = ''] = pointers;
    if (pointers.length === 1) return await add(name, first);
    const data = toGroupData(pointers, plain.isProof);
    await queueOf(name, recordOf(first)).add(jobName, data, { jobId: job });
  });
  const addMessage = async (message: MessageJob): Promise<void> => {
    const timing = await findDelay(options.redis, message.dueAt);
    await add(message.channel, toPointer(message), plain, timing);
  };
  const ensure = async (
    name: QueueName,
    pointer: Pointer,
    job: string | undefined,
    adding: () => Promise<void>,
  ) => {
    const names = job === undefined ? [pointer] : [job, pointer];
    const found = await findJob(options.redis, queueOf(name, recordOf(pointer)), names);
    if (found === 'none') await adding();
    return found !== 'live';
  };
  return {
    reserve: (queue, id) =>
      reserve(queue, shardOf(id), queue === 'events' ? id : toPointer({ id, generation: 1 })),
    addEventJob: (id, place) => {
      const adding = (place === undefined ? add('events', id) : place.take())
        .catch((error: unknown) => options.onError('add event job', error))
        .finally(() => pending.delete(adding));
      pending.add(adding);
    },
    addMessageJob: (message, place) => (place === undefined ? addMessage(message) : place.take()),
    addOwnJob: async (queue, pointer, marks, inMs) => {
      const timestamp = await readStoreClock(options.redis);
      await add(queue, pointer, marks, inMs > 0 ? { delay: Math.ceil(inMs), timestamp } : {});
    },
    ensureEventJob: (id, job) => ensure('events', id, job, () => add('events', id)),
    ensureMessageJob: (message, job) =>
      ensure(message.channel, toPointer(message), job, () => addMessage(message)),
    close: async (deadlineMs) => {
      const deadline = delay(deadlineMs, undefined, { ref: false });
      await Promise.race([Promise.allSettled(pending), deadline]);
      if (options.redis.status === 'ready') await Promise.race([closeQueues(openShards()), deadline]);
    },
  };
}

async function closeQueues(shards: readonly Record<QueueName, Queue>[]): Promise<void> {
  await Promise.allSettled(shards.flatMap((opened) => Object.values(opened)).map((queue) => queue.close()));
}

function toPointer({ id, generation }: Pick<MessageJob, 'generation'> & { readonly id: string }): Pointer {
  return `${id}-${generation}`;
}

interface Timing {
  readonly delay?: number;
  readonly timestamp?: number;
}

/** BullMQ counts a delay from the clock of who adds the job, which may be wrong. */
async function findDelay(redis: Redis, dueAt: number): Promise<Timing> {
  if (dueAt === 0) return {};
  const timestamp = await readStoreClock(redis);
  return dueAt > timestamp ? { delay: dueAt - timestamp, timestamp } : {};
}

/** Whether one of these jobs is there; one that sleeps though it should not is woken. */
async function findJob(
  redis: Redis,
  queue: Queue,
  names: readonly string[],
): Promise<'live' | 'woken' | 'none'> {
  for (const name of names) {
    const state = await queue.getJobState(name);
    if (state === 'delayed') return (await promoteOverdue(redis, queue, name)) ? 'woken' : 'live';
    if (state !== 'unknown') return 'live';
  }
  return 'none';
}

/** One that sleeps for longer than any wait of ours, or that nobody has woken: who fetches has a clock that is behind. */
async function promoteOverdue(redis: Redis, queue: Queue, jobId: string): Promise<boolean> {
  const score = await redis.zscore(queue.toKey('delayed'), jobId);
  const sleepsMs = Number(score ?? 0) / delayedScoreFactor - (await readStoreClock(redis));
  if (sleepsMs >= 0 && sleepsMs < pauseMsMax) return false;
  await (await queue.getJob(jobId))?.promote();
  return true;
}

/**
 * Opens the queues once Redis is connected, and not before: BullMQ 6 asks the server for its version when a queue is
 * made, and a queue whose first question failed stays broken for ever. One that met a break is made anew.
 */
function createShardOpener(options: JobAdderOptions): () => readonly Record<QueueName, Queue>[] {
  let opened: readonly Record<QueueName, Queue>[] | undefined;
  return () => {
    if (options.redis.status !== 'ready') throw new Error('Redis is not connected');
    if (opened === undefined) {
      const shards = options.keys.all.map((shard) => openQueues(options, shard));
      opened = shards;
      for (const queue of shards.flatMap((queues) => Object.values(queues))) {
        queue.waitUntilReady().catch(() => {
          if (opened === shards) opened = undefined;
        });
      }
    }
    return opened;
  };
}

function openQueues(options: JobAdderOptions, { queuePrefix }: ShardKeys): Record<QueueName, Queue> {
  const open = (name: QueueName): Queue => {
    const queue = new Queue(name, {
      connection: options.redis,
      prefix: queuePrefix,
      skipWaitingForReady: true,
      skipMetasUpdate: false,
      streams: { events: { maxLen: 1_000 } },
      // Written into every job, so they are few: that ended jobs are removed is an option of the workers.
      defaultJobOptions: { stackTraceLimit: 0, attempts: 1_000 },
    });
    queue.on('error', (error) => options.onError(`queue ${name}`, error));
    return queue;
  };
  return { events: open('events'), ...mapChannels(open) };
}
