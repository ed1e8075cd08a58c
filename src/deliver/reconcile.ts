import { ServiceError } from '../domain/errors.ts';
import type { EventId, MessageId } from '../domain/ids.ts';
import { type AmbiguityPolicy, isEnded } from '../domain/message.ts';
import type { MessageDecisions } from '../gate/message-decisions.ts';
import type { Permits } from '../gate/permits.ts';
import type { Log } from '../observe/log.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import { readEventRecord } from '../store/event-record.ts';
import type { ShardKeys, Store } from '../store/keys.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { parkRecord, unparkRecord } from '../store/park-record.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import { type IndexEntry, walkIndexes } from '../store/walk-index.ts';

export interface ReconcileOptions extends Store {
  readonly jobs: JobAdder;
  readonly permits: Permits;
  readonly decisions: MessageDecisions;
  readonly findPolicy: (type: string) => AmbiguityPolicy;
  /** An open record that was due this long ago must have a live job. */
  readonly ageMs: number;
  readonly retentionMs: number;
  /** The longest that one index is walked in a run; the next run goes on from there. */
  readonly walkMs: number;
  /** Where the next run begins in each index that was too long for one, kept from run to run. */
  readonly places: Map<string, IndexEntry>;
  readonly log: Log;
}

/** One run. Its instant is the store's, which scored the indexes. */
type Run = ReconcileOptions & { readonly nowMs: number; readonly report: Writable };
type Writable = { -readonly [Name in keyof ReconcileReport]: ReconcileReport[Name] };

export interface ReconcileReport {
  readonly requeued: number;
  readonly lapsed: number;
  readonly expired: number;
  /** Put aside, because this program cannot read them. */
  readonly parked: number;
  /** Taken back, because this program can. */
  readonly unparked: number;
}

const batch = 500;
/** Records that are settled at the same time: they share round trips and fsyncs. */
const atOnce = 50;
const hourMs = 3_600_000;

/**
 * Compares the records with the queue and the clock, once: what is open and has no live job is queued again, a
 * claim past its deadline is settled by policy, a held message past its not_after expires, an event whose
 * messages have all ended is given an expiry, and what this program cannot read is put aside. Safe to run at any time
 * and in many processes at once.
 */
export async function reconcile(given: ReconcileOptions): Promise<ReconcileReport> {
  const report = { requeued: 0, lapsed: 0, expired: 0, parked: 0, unparked: 0 };
  const options = { ...given, nowMs: await readStoreClock(given.redis), report };
  for (const keys of options.keys.all) {
    await requeueEvents(options, keys);
    await settleOpenMessages(options, keys);
    await unparkReadable(options, keys);
    await expireHeld(options, keys);
    await retirePlannedEvents(options, keys);
    await pruneIndexes(options, keys);
  }
  if (Object.values(report).some((count) => count > 0))
    options.log.warn({ ...report }, 'records and queue were brought together');
  return report;
}

async function requeueEvents(options: Run, keys: ShardKeys): Promise<void> {
  const { redis, report } = options;
  await eachDue(options, { index: keys.eventsOpen, kind: 'events', ageMs: options.ageMs }, async (id) => {
    const record = await readEventRecord(redis, options.keys, id);
    if (record?.state === 'accepted' && (await options.jobs.ensureEventJob(id, record.job)))
      report.requeued += 1;
    if (record === undefined) await redis.zrem(keys.eventsOpen, id);
  });
}

async function settleOpenMessages(options: Run, keys: ShardKeys): Promise<void> {
  const { redis, report } = options;
  const due = { index: keys.messagesOpen, kind: 'messages', ageMs: options.ageMs } as const;
  await eachDue(options, due, async (id) => {
    const message = await readMessageRecord(redis, keys, id);
    if (message === undefined) {
      await redis.zrem(keys.messagesOpen, id);
    } else if (message.state === 'claimed') {
      const result = await options.permits.lapse(message, options.findPolicy(message.type));
      report.lapsed += Number(result === 'unknown' || result === 'queued');
    } else {
      const { channel, generation, job } = message;
      const dueAt = message.sendAt ?? 0;
      // The job that the record names was made when it was planned; one that was released since has another.
      const named = generation === 1 ? job : undefined;
      if (await options.jobs.ensureMessageJob({ id, channel, generation, dueAt }, named))
        report.requeued += 1;
    }
  });
}

/** What a program that is older, or one with a bug, has put aside: this one may be able to read it. */
async function unparkReadable(options: Run, keys: ShardKeys): Promise<void> {
  const { redis, report } = options;
  const takeBack = async (kind: 'events' | 'messages', id: EventId | MessageId): Promise<void> => {
    if (await unparkRecord(options, kind, id)) report.unparked += 1;
  };
  await eachDue(options, { index: keys.eventsParked, ageMs: 0 }, async (id) => {
    if ((await readEventRecord(redis, options.keys, id)) === undefined)
      await redis.zrem(keys.eventsParked, id);
    else await takeBack('events', id);
  });
  await eachDue(options, { index: keys.messagesParked, ageMs: 0 }, async (id) => {
    if ((await readMessageRecord(redis, keys, id)) === undefined) await redis.zrem(keys.messagesParked, id);
    else await takeBack('messages', id);
  });
}

/** Walks from the end, so that what leaves the index on the way moves nothing that is still to be seen. */
async function expireHeld(options: Run, keys: ShardKeys): Promise<void> {
  const held = await options.redis.zcard(keys.messagesHeld);
  for (let to = held - 1; to >= 0; to -= batch) {
    const from = Math.max(0, to - batch + 1);
    const ids = (await options.redis.zrange(keys.messagesHeld, String(from), String(to))) as MessageId[];
    const asking = options.redis.pipeline();
    for (const id of ids) asking.hget(keys.message(id), 'notAfter');
    const ends = (await asking.exec()) ?? [];
    const past = ids.filter(
      (_id, index) => Number(ends[index]?.[1] ?? Number.POSITIVE_INFINITY) <= options.nowMs,
    );
    await settleAtOnce(options, past, undefined, async (id) => {
      const result = await options.decisions.end(id, { to: 'expired', from: ['held'], reason: 'not-after' });
      options.report.expired += Number(result.kind === 'done');
    });
  }
}

interface Due {
  readonly index: string;
  /** Of what can be parked. */
  readonly kind?: 'events' | 'messages';
  readonly ageMs: number;
}

/** Settles everything in the index whose score is old enough, oldest first, for as long as a run may take. */
async function eachDue(
  options: Run,
  { index, kind, ageMs }: Due,
  settle: (id: EventId & MessageId) => Promise<void>,
): Promise<void> {
  const { redis, places, nowMs, walkMs } = options;
  const endAt = performance.now() + walkMs;
  for await (const entries of walkIndexes(redis, [index], {
    after: places.get(index),
    scoreMax: nowMs - ageMs,
  })) {
    await settleAtOnce(
      options,
      entries.map(({ member }) => member as EventId & MessageId),
      kind,
      settle,
    );
    const last = entries.at(-1);
    if (last !== undefined) places.set(index, last);
    if (performance.now() >= endAt) return;
  }
  places.delete(index);
}

/** A record that cannot be read is parked where that is possible, and passed over; a store that is away ends it all. */
async function settleAtOnce<Id extends EventId | MessageId>(
  options: Run,
  ids: readonly Id[],
  kind: Due['kind'],
  settle: (id: Id) => Promise<void>,
): Promise<void> {
  const settleOne = async (id: Id): Promise<void> => {
    try {
      await settle(id);
    } catch (error) {
      if (error instanceof UnreadableRecord) await park(options, kind, id, error);
      else if (error instanceof ServiceError) throw error;
      else options.log.error({ err: error, id }, 'a record could not be brought together with the queue');
    }
  };
  for (let from = 0; from < ids.length; from += atOnce)
    await Promise.all(ids.slice(from, from + atOnce).map(settleOne));
}

async function park(
  options: Run,
  kind: Due['kind'],
  id: EventId | MessageId,
  error: UnreadableRecord,
): Promise<void> {
  if (kind === undefined || !(await parkRecord(options, kind, id))) return;
  options.report.parked += 1;
  options.log.error({ err: error, id }, 'a record was parked');
}

/** An event record is kept for as long as one of its messages may still change, and its retention after that. */
async function retirePlannedEvents(options: Run, keys: ShardKeys): Promise<void> {
  const { redis } = options;
  await eachDue(options, { index: keys.eventsPlanned, ageMs: options.retentionMs }, async (id) => {
    if (await mayStillChange(options, id)) {
      await redis.zadd(keys.eventsPlanned, 'XX', options.nowMs - options.retentionMs + hourMs, id);
    } else {
      await redis.pexpire(keys.event(id), hourMs);
      await redis.zrem(keys.eventsPlanned, id);
    }
  });
}

/** True also for what this program cannot read. */
async function mayStillChange(options: Run, id: EventId): Promise<boolean> {
  try {
    const event = await readEventRecord(options.redis, options.keys, id);
    const reading = (event?.messages ?? []).map((message) =>
      readMessageRecord(options.redis, options.keys.of(message), message),
    );
    const messages = await Promise.all(reading);
    return messages.some((message) => message !== undefined && !isEnded(message.state));
  } catch (error) {
    if (error instanceof UnreadableRecord) return true;
    throw error;
  }
}

/** What has ended leaves the indexes together with the records. */
async function pruneIndexes(options: Run, keys: ShardKeys): Promise<void> {
  const before = options.nowMs - options.retentionMs;
  await options.redis.zremrangebyscore(keys.messagesDead, '-inf', before);
  await options.redis.zremrangebyscore(keys.eventsDead, '-inf', before);
  // Many: a part at a time, so that no other command waits long.
  const endAt = performance.now() + options.walkMs;
  for (let ids: string[] = ['']; ids.length > 0 && performance.now() < endAt; ) {
    ids = await options.redis.zrange(
      keys.messagesEnded,
      '-inf',
      String(before),
      'BYSCORE',
      'LIMIT',
      0,
      batch,
    );
    if (ids.length > 0) await options.redis.zrem(keys.messagesEnded, ...ids);
  }
}
