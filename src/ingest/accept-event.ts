import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { IncomingEvent } from '../domain/event.ts';
import { type ClientId, type EventId, parseEventId } from '../domain/ids.ts';
import { recordVersion, type SendMode } from '../domain/message.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import { takenEvent } from '../store/event-record.ts';
import type { Keys } from '../store/keys.ts';
import { createEventId, placeEvent } from '../store/place-event.ts';
import { toPairs } from '../store/record-fields.ts';
import { loadScript } from '../store/scripts.ts';

const script = loadScript(new URL('./accept-event.lua', import.meta.url), {
  keys: ['idempotency', 'event', 'eventsOpen', 'messageCounts', 'gate'],
  args: ['fingerprint', 'idempotencyMs', 'id', '...fields'],
});

export interface AcceptRequest {
  readonly client: ClientId;
  /** Scoped to the client; the same key of another client is another event. */
  readonly idempotencyKey: string;
  readonly event: IncomingEvent;
  readonly requestId: string;
  readonly traceparent?: string;
}

export type AcceptResult =
  | {
      readonly kind: 'accepted' | 'replayed';
      readonly eventId: EventId;
      readonly status: 'accepted' | 'quarantined';
      readonly dryRun: boolean;
    }
  | { readonly kind: 'conflict'; readonly eventId: EventId };

export interface AcceptOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly jobs: JobAdder;
  readonly mode: SendMode;
  readonly idempotencyMs: number;
  readonly now: () => number;
}

/**
 * Builds the accept step. Its result means *on disk*: the script that writes record, key and index together has
 * been acknowledged by a store that fsyncs before it replies. The job is added after that without being waited
 * for; if this process dies in between, the reconciler adds it.
 * Throws `store-unavailable` when the store did not acknowledge: then nothing is known to be written, and
 * the same request may be sent again.
 */
export function createAcceptEvent(options: AcceptOptions): (request: AcceptRequest) => Promise<AcceptResult> {
  const { redis, keys, jobs, now } = options;
  const replay = (result: readonly string[], eventId: EventId): AcceptResult => {
    const [, , status, mode, place] = result;
    // Whoever sends again may not have heard of the first time, and nor may we, with the job still to be added.
    if (place === 'open') jobs.addEventJob(eventId);
    return {
      kind: 'replayed',
      eventId,
      status: status === 'quarantined' ? 'quarantined' : 'accepted',
      dryRun: mode === 'dry_run',
    };
  };
  return async (request) => {
    const { shard, idempotency } = placeEvent(request.client, request.idempotencyKey, keys.shards);
    const shardKeys = keys.shard(shard);
    const receivedAt = now();
    const eventId = createEventId(shard, receivedAt);
    const fields = z.encode(takenEvent, {
      v: recordVersion,
      state: 'accepted',
      client: request.client,
      type: request.event.type,
      mode: options.mode,
      body: request.event,
      receivedAt,
      requestId: request.requestId,
      traceparent: request.traceparent,
    });
    const result = (await script.run(
      redis,
      { ...shardKeys, idempotency: shardKeys.idempotency(idempotency), event: shardKeys.event(eventId) },
      {
        fingerprint: createHash('sha256').update(fields.body).digest('base64url'),
        idempotencyMs: options.idempotencyMs,
        id: eventId,
        fields: toPairs(fields),
      },
    )) as string[];
    if (result[0] === 'accepted') {
      jobs.addEventJob(eventId);
      return { kind: 'accepted', eventId, status: 'accepted', dryRun: options.mode === 'dry_run' };
    }
    const first = parseEventId(result[1] ?? '');
    if (first === undefined) throw new Error(`accept-event.lua returned no event id: ${result[0]}`);
    return result[0] === 'conflict' ? { kind: 'conflict', eventId: first } : replay(result, first);
  };
}
