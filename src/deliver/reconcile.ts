import type { Redis } from 'ioredis';
import { ServiceError } from '../domain/errors.ts';
import type { EventId, MessageId } from '../domain/ids.ts';
import { type AmbiguityPolicy, isEnded } from '../domain/message.ts';
import type { MessageDecisions } from '../gate/message-decisions.ts';
import type { Permits } from '../gate/permits.ts';
import type { Log } from '../observe/log.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import { readEventRecord } from '../store/event-record.ts';
import type { Keys, ShardKeys } from '../store/keys.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { readStoreClock } from '../store/store-clock.ts';

export interface ReconcileOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly jobs: JobAdder;
  readonly permits: Permits;
  readonly decisions: MessageDecisions;
  readonly findPolicy: (type: string) => AmbiguityPolicy;
  /** An open record that was due this long ago must have a live job. */
  readonly ageMs: number;
  readonly retentionMs: number;
  /** Where the next run begins in each index, kept from run to run: a backlog is walked a batch at a time. */
  readonly places: Map<string, number>;
  readonly log: Log;
}

/** One run. Its instant is the store's, which scored the indexes. */
type Run = ReconcileOptions & { readonly nowMs: number };

export interface ReconcileReport {
  readonly requeued: number;
  readonly lapsed: number;
  readonly expired: number;
}

const batch = 500;
const hourMs = 3_600_000;

/**
 * Compares the records with the queue and the clock, once: what is open and has no live job is queued again, a
 * claim past its deadline is settled by policy, a held message past its not_after expires, an event whose
 * messages have all ended is given an expiry. Safe to run at any time and in many processes at once.
 */
export async function reconcile(given: ReconcileOptions): Promise<ReconcileReport> {
  const report = { requeued: 0, lapsed: 0, expired: 0 };
  const options = { ...given, nowMs: await readStoreClock(given.redis) };
  for (let shard = 0; shard < options.keys.shards; shard += 1) {
    const keys = options.keys.shard(shard);
    report.requeued += await requeueEvents(options, keys);
    const messages = await settleOpenMessages(options, keys);
    report.requeued += messages.requeued;
    report.lapsed += messages.lapsed;
    report.expired += await expireHeld(options, keys);
    await retirePlannedEvents(options, keys);
    await pruneIndexes(options, keys);
  }
  if (report.requeued + report.lapsed + report.expired > 0)
    options.log.warn({ ...report }, 'records and queue were brought together');
  return report;
}

async function requeueEvents(options: Run, keys: ShardKeys): Promise<number> {
  let requeued = 0;
  await eachOf(options, await readDue<EventId>(options, keys.eventsOpen, options.ageMs), async (id) => {
    const record = await readEventRecord(options.redis, options.keys, id);
    if (record?.state === 'accepted') requeued += Number(await options.jobs.ensureEventJob(id));
    if (record === undefined) await options.redis.zrem(keys.eventsOpen, id);
  });
  return requeued;
}

async function settleOpenMessages(
  options: Run,
  keys: ShardKeys,
): Promise<{ requeued: number; lapsed: number }> {
  let requeued = 0;
  let lapsed = 0;
  await eachOf(options, await readDue<MessageId>(options, keys.messagesOpen, options.ageMs), async (id) => {
    const message = await readMessageRecord(options.redis, keys, id);
    if (message === undefined) {
      await options.redis.zrem(keys.messagesOpen, id);
    } else if (message.state === 'claimed') {
      const answer = await options.permits.lapse(message, options.findPolicy(message.type));
      lapsed += Number(answer === 'unknown' || answer === 'queued');
    } else {
      const { channel, generation } = message;
      const delayMs = (message.sendAt ?? 0) - options.nowMs;
      requeued += Number(await options.jobs.ensureMessageJob({ id, channel, generation, delayMs }));
    }
  });
  return { requeued, lapsed };
}

/** Walks from the end, so that what leaves the index on the way moves nothing that is still to be seen. */
async function expireHeld(options: Run, keys: ShardKeys): Promise<number> {
  let expired = 0;
  const held = await options.redis.zcard(keys.messagesHeld);
  for (let to = held - 1; to >= 0; to -= batch) {
    const from = Math.max(0, to - batch + 1);
    const ids = (await options.redis.zrange(keys.messagesHeld, String(from), String(to))) as MessageId[];
    const asking = options.redis.pipeline();
    for (const id of ids) asking.hget(keys.message(id), 'notAfter');
    const fences = (await asking.exec()) ?? [];
    const past = ids.filter(
      (_id, index) => Number(fences[index]?.[1] ?? Number.POSITIVE_INFINITY) <= options.nowMs,
    );
    await eachOf(options, past, async (id) => {
      const answer = await options.decisions.end(id, { to: 'expired', from: ['held'], reason: 'not-after' });
      expired += Number(answer.kind === 'done');
    });
  }
  return expired;
}

/** The next batch of ids whose score is at least `ageMs` old. The scores stay: they say how long something waits. */
async function readDue<Id extends string>(options: Run, index: string, ageMs: number): Promise<Id[]> {
  const { redis, places, nowMs } = options;
  const place = places.get(index) ?? 0;
  const ids = await redis.zrangebyscore(index, '-inf', nowMs - ageMs, 'LIMIT', place, batch);
  places.set(index, ids.length < batch ? 0 : place + batch);
  return ids as Id[];
}

/** One after the other. A record that cannot be read is reported and passed over; a store that is away ends it all. */
async function eachOf<Id extends string>(
  options: Run,
  ids: readonly Id[],
  settle: (id: Id) => Promise<void>,
): Promise<void> {
  for (const id of ids) {
    try {
      await settle(id);
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      options.log.error({ err: error, id }, 'a record could not be brought together with the queue');
    }
  }
}

/** An event record is kept for as long as one of its messages may still change, and its retention after that. */
async function retirePlannedEvents(options: Run, keys: ShardKeys): Promise<void> {
  const due = await readDue<EventId>(options, keys.eventsPlanned, options.retentionMs);
  await eachOf(options, due, async (id) => {
    const event = await readEventRecord(options.redis, options.keys, id);
    const reading = (event?.messages ?? []).map((message) =>
      readMessageRecord(options.redis, options.keys.of(message), message),
    );
    const messages = await Promise.all(reading);
    if (messages.some((message) => message !== undefined && !isEnded(message.state))) {
      await options.redis.zadd(keys.eventsPlanned, 'XX', options.nowMs - options.retentionMs + hourMs, id);
    } else {
      await options.redis.pexpire(keys.event(id), hourMs);
      await options.redis.zrem(keys.eventsPlanned, id);
    }
  });
}

/** Dead letters leave the index together with their records. */
async function pruneIndexes(options: Run, keys: ShardKeys): Promise<void> {
  const before = options.nowMs - options.retentionMs;
  await options.redis.zremrangebyscore(keys.messagesDead, '-inf', before);
  await options.redis.zremrangebyscore(keys.eventsDead, '-inf', before);
}
