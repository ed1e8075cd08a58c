import type { Redis } from 'ioredis';
import type { EventId, MessageId } from '../domain/ids.ts';
import { openStates } from '../domain/message.ts';
import { judgeProofOfLife, type ProofFacts, type ProofVerdict } from '../domain/proof-of-life.ts';
import type { Log } from '../observe/log.ts';
import { readEventRecord } from '../store/event-record.ts';
import type { Keys, Store } from '../store/keys.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { callStore } from '../store/scripts.ts';
import { readStoreClock } from '../store/store-clock.ts';

/**
 * What the proof of life needs. Its records lie in a *space* of their own: the same keys below another prefix, with
 * a gate that is always open, so that it counts nowhere and a stop does not hold it. Only its jobs go
 * through the same queues as all others, to the same workers.
 */
export interface ProofDeps extends Store {
  readonly space: Keys;
  /** The accept step, in the space. */
  readonly acceptProof: () => Promise<EventId>;
  /** The reconciler, in the space: a lost job is added again, a claim of a dead worker is settled. */
  readonly reconcile: () => Promise<unknown>;
  /** Whether consumers are paused; undefined when the gate cannot be read. */
  readonly isPaused: () => boolean | undefined;
  readonly intervalMs: number;
  readonly log: Log;
}

type ProofEnd =
  | { readonly kind: 'open' }
  | { readonly kind: 'proved'; readonly endedAtMs: number; readonly messages: readonly MessageId[] }
  | { readonly kind: 'failed'; readonly reason: string; readonly messages: readonly MessageId[] };

/**
 * One turn of the proof of life, to be taken by one watchdog at a time: notes the one that came back and cleans up after
 * it, and begins the next when it is due. There is never more than one under way, however long it takes: workers
 * that are stuck find one job of it waiting and not a thousand.
 */
export async function turnProofOfLife(deps: ProofDeps): Promise<void> {
  const paused = deps.isPaused();
  if (paused === undefined) return;
  const { nowMs, fields } = await readProofFields(deps.redis, deps.keys);
  const { proof } = deps.keys.central;
  if (paused) {
    await deps.redis.hset(proof, { paused: 'yes', pausedAt: nowMs });
    return;
  }
  if (fields['paused'] === 'yes') await deps.redis.hdel(proof, 'paused');
  const begunAtMs = Number(fields['begunAt'] ?? 0);
  const event = fields['event'] as EventId | undefined;
  if (event !== undefined) {
    const end = await readEnd(deps, event);
    if (end.kind === 'open') {
      if (nowMs - begunAtMs > deps.intervalMs) await deps.reconcile();
      return;
    }
    await noteEnd(deps, end, { nowMs, begunAtMs });
    await cleanUp(deps, event, end.messages);
  }
  if (Math.abs(nowMs - begunAtMs) < deps.intervalMs) return;
  await deps.reconcile();
  const begun = await deps.acceptProof();
  await deps.redis.hset(proof, { event: begun, begunAt: nowMs });
}

/** The state of the proof, by the store's own clock. Throws `store-unavailable`. */
export async function readProofOfLife(
  redis: Redis,
  keys: Keys,
): Promise<Omit<ProofFacts, 'intervalMs' | 'watchedSinceMs'>> {
  const { nowMs, fields } = await readProofFields(redis, keys);
  const { doneAt, tookMs, pausedAt, fault } = fields;
  return {
    nowMs,
    isPaused: fields['paused'] === 'yes',
    ...(doneAt === undefined ? {} : { doneAtMs: Number(doneAt) }),
    ...(tookMs === undefined ? {} : { tookMs: Number(tookMs) }),
    ...(pausedAt === undefined ? {} : { pausedAtMs: Number(pausedAt) }),
    ...(fault === undefined ? {} : { fault }),
  };
}

async function readProofFields(
  redis: Redis,
  keys: Keys,
): Promise<{ nowMs: number; fields: Partial<Record<string, string>> }> {
  return await callStore('read proof of life', async () => {
    const [nowMs, fields] = await Promise.all([readStoreClock(redis), redis.hgetall(keys.central.proof)]);
    return { nowMs, fields };
  });
}

/** Proved means that each of its messages was taken by its null provider; every other end has its reason. */
async function readEnd({ redis, space }: ProofDeps, id: EventId): Promise<ProofEnd> {
  const event = await readEventRecord(redis, space, id);
  if (event === undefined) return { kind: 'failed', reason: 'the event is gone', messages: [] };
  if (event.state === 'accepted') return { kind: 'open' };
  if (event.state !== 'planned')
    return { kind: 'failed', reason: `event ${event.state} (${event.reason})`, messages: [] };
  const found = await Promise.all(
    event.messages.map((message) => readMessageRecord(redis, space.of(message), message)),
  );
  const { messages } = event;
  if (found.some((message) => message !== undefined && openStates.includes(message.state)))
    return { kind: 'open' };
  const bad = found.find((message) => message?.state !== 'sent');
  if (found.every((message) => message?.state === 'sent')) {
    const endedAtMs = Math.max(...found.map((message) => message?.updatedAt ?? 0));
    return { kind: 'proved', endedAtMs, messages };
  }
  const reason = bad === undefined ? 'a message is gone' : `${bad.channel} ${bad.state} (${bad.reason})`;
  return { kind: 'failed', reason, messages };
}

async function noteEnd(
  { redis, keys, log }: ProofDeps,
  end: Exclude<ProofEnd, { kind: 'open' }>,
  { nowMs, begunAtMs }: { nowMs: number; begunAtMs: number },
): Promise<void> {
  const { proof } = keys.central;
  const notes = redis.multi().hdel(proof, 'event', 'fault');
  if (end.kind === 'proved')
    notes.hset(proof, { doneAt: nowMs, tookMs: Math.max(0, end.endedAtMs - begunAtMs) });
  else notes.hset(proof, { fault: end.reason });
  await notes.exec();
  if (end.kind === 'failed') log.warn({ fault: end.reason }, 'a proof of life did not come back');
}

async function cleanUp({ redis, space }: ProofDeps, event: EventId, messages: readonly MessageId[]) {
  const of = space.of(event);
  const deletes = redis.pipeline().del(of.event(event));
  for (const index of [of.eventsOpen, of.eventsPlanned, of.eventsDead]) deletes.zrem(index, event);
  for (const message of messages) {
    const keys = space.of(message);
    deletes.del(keys.message(message));
    for (const index of [keys.messagesOpen, keys.messagesHeld, keys.messagesDead, keys.messagesUnknown])
      deletes.zrem(index, message);
    deletes.del(keys.messageCounts);
  }
  await deletes.exec();
}

/**
 * Builds a function that judges the proof of life; its result is undefined when there is to be none (`intervalMs` 0). Any
 * process may ask. Throws `store-unavailable`.
 */
export function createProofJudge({
  redis,
  keys,
  intervalMs,
  monotonicNow,
}: Pick<ProofDeps, 'redis' | 'keys' | 'intervalMs'> & {
  readonly monotonicNow: () => number;
}): () => Promise<ProofVerdict | undefined> {
  const startedAt = monotonicNow();
  return async () => {
    if (intervalMs === 0) return undefined;
    const facts = await readProofOfLife(redis, keys);
    const watchedSinceMs = facts.nowMs - (monotonicNow() - startedAt);
    return judgeProofOfLife({ ...facts, intervalMs, watchedSinceMs });
  };
}
