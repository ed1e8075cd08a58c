import type { Redis } from 'ioredis';
import type { EventId, MessageId } from '../domain/ids.ts';
import type { AmbiguityPolicy } from '../domain/message.ts';
import type { MessageDecisions } from '../gate/message-decisions.ts';
import type { Permits } from '../gate/permits.ts';
import type { Log } from '../observe/log.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import { readEventRecord } from '../store/event-record.ts';
import type { Keys, ShardKeys } from '../store/keys.ts';
import { readMessageRecord } from '../store/message-record.ts';

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
  readonly log: Log;
  readonly now: () => number;
}

export interface ReconcileReport {
  readonly requeued: number;
  readonly lapsed: number;
  readonly expired: number;
}

const batch = 500;

/**
 * Compares the records with the queue and the clock, once: what is open and has no live job is queued again, a
 * claim past its deadline is settled by policy, a held message past its not_after expires, an event whose
 * messages have all ended is given an expiry. Safe to run at any time and in many processes at once.
 */
export async function reconcile(options: ReconcileOptions): Promise<ReconcileReport> {
  const report = { requeued: 0, lapsed: 0, expired: 0 };
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

async function requeueEvents(options: ReconcileOptions, keys: ShardKeys): Promise<number> {
  const due = await options.redis.zrangebyscore(
    keys.eventsOpen,
    '-inf',
    options.now() - options.ageMs,
    'LIMIT',
    0,
    batch,
  );
  let requeued = 0;
  for (const id of due as EventId[]) {
    const record = await readEventRecord(options.redis, options.keys, id);
    if (record?.state === 'accepted') requeued += Number(await options.jobs.ensureEventJob(id));
    // Looked at: it comes up again after another age, behind those that wait for their first look.
    if (record === undefined) await options.redis.zrem(keys.eventsOpen, id);
    else await options.redis.zadd(keys.eventsOpen, 'XX', options.now(), id);
  }
  return requeued;
}

async function settleOpenMessages(
  options: ReconcileOptions,
  keys: ShardKeys,
): Promise<{ requeued: number; lapsed: number }> {
  const due = await options.redis.zrangebyscore(
    keys.messagesOpen,
    '-inf',
    options.now() - options.ageMs,
    'LIMIT',
    0,
    batch,
  );
  let requeued = 0;
  let lapsed = 0;
  for (const id of due as MessageId[]) {
    const message = await readMessageRecord(options.redis, keys, id);
    if (message === undefined) {
      await options.redis.zrem(keys.messagesOpen, id);
      continue;
    }
    if (message.state === 'claimed') {
      const answer = await options.permits.lapse(message, options.findPolicy(message.type));
      lapsed += Number(answer === 'unknown' || answer === 'queued');
      continue;
    }
    const { channel, generation } = message;
    const delayMs = (message.sendAt ?? 0) - options.now();
    requeued += Number(await options.jobs.ensureMessageJob({ id, channel, generation, delayMs }));
    await options.redis.zadd(keys.messagesOpen, 'XX', options.now(), id);
  }
  return { requeued, lapsed };
}

async function expireHeld(options: ReconcileOptions, keys: ShardKeys): Promise<number> {
  let expired = 0;
  for (let from = 0; ; from += batch) {
    const ids = (await options.redis.zrange(
      keys.messagesHeld,
      String(from),
      String(from + batch - 1),
    )) as MessageId[];
    for (const id of ids) {
      const notAfter = Number((await options.redis.hget(keys.message(id), 'notAfter')) ?? 'Infinity');
      if (notAfter > options.now()) continue;
      const answer = await options.decisions.end(id, { to: 'expired', from: ['held'], reason: 'not-after' });
      expired += Number(answer.kind === 'done');
    }
    if (ids.length < batch) return expired;
  }
}

/** An event record is kept for as long as one of its messages may still change, and its retention after that. */
async function retirePlannedEvents(options: ReconcileOptions, keys: ShardKeys): Promise<void> {
  const due = await options.redis.zrangebyscore(
    keys.eventsPlanned,
    '-inf',
    options.now() - options.retentionMs,
    'LIMIT',
    0,
    batch,
  );
  for (const id of due as EventId[]) {
    const event = await readEventRecord(options.redis, options.keys, id);
    const messages = await Promise.all(
      (event?.messages ?? []).map((message) =>
        readMessageRecord(options.redis, options.keys.of(message), message),
      ),
    );
    const open = messages.some(
      (message) =>
        message !== undefined && ['queued', 'claimed', 'retrying', 'held', 'unknown'].includes(message.state),
    );
    if (open) {
      await options.redis.zadd(keys.eventsPlanned, 'XX', options.now() - options.retentionMs + 3_600_000, id);
    } else {
      await options.redis.pexpire(keys.event(id), 3_600_000);
      await options.redis.zrem(keys.eventsPlanned, id);
    }
  }
}

/** Dead letters leave the index together with their records. */
async function pruneIndexes(options: ReconcileOptions, keys: ShardKeys): Promise<void> {
  const before = options.now() - options.retentionMs;
  await options.redis.zremrangebyscore(keys.messagesDead, '-inf', before);
  await options.redis.zremrangebyscore(keys.eventsDead, '-inf', before);
}
