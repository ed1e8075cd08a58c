import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Channel, mapChannels, type QueueName, queueNames } from '../domain/channel.ts';
import { type EventId, type MessageId, shardOf } from '../domain/ids.ts';
import { recordVersion } from '../domain/message.ts';
import type { Keys, ShardKeys } from '../store/keys.ts';
import { readStoreClock } from '../store/store-clock.ts';

/** BullMQ scores a delayed job with its instant (ms) times this, plus a counter. */
export const delayedScoreFactor = 0x1000;
/** The longest that a job sleeps after a failure. */
export const pauseMsMax = 60_000;

/**
 * Adds jobs. A job is a pointer `{v, id}` with an id of its own making, so adding it twice makes one job, and
 * losing it loses nothing: the record is what was accepted, and the reconciler adds what is missing.
 */
export interface JobAdder {
  /** Adds without being waited for; a failure is reported, never thrown. */
  addEventJob(id: EventId): void;
  addMessageJob(message: MessageJob): Promise<void>;
  /**
   * For an event or a message whose turn has come: adds the job when none is waiting, delayed or active, and wakes one
   * that sleeps though it should not, by a clock that is wrong. Returns whether it had to.
   */
  ensureEventJob(id: EventId): Promise<boolean>;
  ensureMessageJob(message: MessageJob): Promise<boolean>;
  readDepths(): Promise<Record<QueueName, QueueDepth>>;
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

export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
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
  const mark = options.isProof === true ? { proof: true } : {};
  const queue = (id: EventId | MessageId, name: QueueName): Queue => {
    const found = openShards()[shardOf(id)]?.[name];
    if (found === undefined) throw new RangeError(`no queue for ${id}`);
    return found;
  };
  const addEvent = async (id: EventId): Promise<unknown> =>
    await queue(id, 'events').add('event', { v: recordVersion, id, ...mark }, { jobId: id });
  const addMessage = async (message: MessageJob): Promise<void> => {
    const jobId = toMessageJobId(message);
    const data = { v: recordVersion, id: message.id, ...mark };
    const timing = await findDelay(options.redis, message.dueAt);
    await queue(message.id, message.channel).add('message', data, { jobId, ...timing });
  };
  const ensure = async (jobs: Queue, jobId: string, add: () => Promise<unknown>): Promise<boolean> => {
    const state = await jobs.getJobState(jobId);
    if (state === 'delayed') return await promoteOverdue(options.redis, jobs, jobId);
    if (state !== 'unknown') return false;
    await add();
    return true;
  };
  return {
    addEventJob: (id) => {
      const adding = addEvent(id)
        .catch((error: unknown) => options.onError('add event job', error))
        .finally(() => pending.delete(adding));
      pending.add(adding);
    },
    addMessageJob: addMessage,
    ensureEventJob: (id) => ensure(queue(id, 'events'), id, () => addEvent(id)),
    ensureMessageJob: (message) =>
      ensure(queue(message.id, message.channel), toMessageJobId(message), () => addMessage(message)),
    readDepths: async () => await readDepths(openShards()),
    close: async (deadlineMs) => {
      const deadline = delay(deadlineMs, undefined, { ref: false });
      await Promise.race([Promise.allSettled(pending), deadline]);
      if (options.redis.status !== 'ready') return;
      await Promise.race([
        Promise.allSettled(openShards().flatMap((queues) => Object.values(queues).map((one) => one.close()))),
        deadline,
      ]);
    },
  };
}

function toMessageJobId(message: MessageJob): string {
  return `${message.id}-${message.generation}`;
}

/** BullMQ counts a delay from the clock of who adds the job, which may be wrong. */
async function findDelay(
  redis: Redis,
  dueAt: number,
): Promise<{ readonly delay?: number; readonly timestamp?: number }> {
  if (dueAt === 0) return {};
  const timestamp = await readStoreClock(redis);
  return dueAt > timestamp ? { delay: dueAt - timestamp, timestamp } : {};
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

async function readDepths(
  shards: readonly Record<QueueName, Queue>[],
): Promise<Record<QueueName, QueueDepth>> {
  const read = async (name: QueueName): Promise<readonly [QueueName, QueueDepth]> => {
    const counts = await Promise.all(
      shards.map((queues) => queues[name].getJobCounts('wait', 'prioritized', 'active', 'delayed')),
    );
    const sum = (state: string): number => counts.reduce((total, count) => total + (count[state] ?? 0), 0);
    const waiting = sum('wait') + sum('prioritized');
    return [name, { waiting, active: sum('active'), delayed: sum('delayed') }];
  };
  const depths = await Promise.all(queueNames.map(read));
  return Object.fromEntries(depths) as Record<QueueName, QueueDepth>;
}
