import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { IncomingEvent } from '../domain/event.ts';
import { type ClientId, type EventId, parseEventId } from '../domain/ids.ts';
import { recordVersion, type SendMode } from '../domain/message.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import { type TakenEvent, takenEvent } from '../store/event-record.ts';
import type { Keys } from '../store/keys.ts';
import { createEventId, fingerprintEvent, placeEvent } from '../store/place-event.ts';
import { toPairs } from '../store/record-fields.ts';
import { loadScript } from '../store/scripts.ts';

const script = loadScript(new URL('./accept-event.lua', import.meta.url), {
  keys: ['idempotency', 'event', 'eventsOpen', 'messageCounts', 'gate'],
  args: ['fingerprint', 'idempotencyMs', 'id', 'mode', '...fields'],
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
  readonly jobs: Pick<JobAdder, 'reserve' | 'addEventJob'>;
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
  const { keys, jobs, mode, now } = options;
  return async (request) => {
    const receivedAt = now();
    const { shard, idempotency } = placeEvent(request.client, request.idempotencyKey, keys.shards);
    const id = createEventId(shard, receivedAt);
    const place = jobs.reserve('events', id);
    try {
      const taken = { ...toTaken(request), mode, receivedAt, job: place.job };
      const result = await writeEvent(options, { id, idempotency, taken });
      if (result[0] === 'accepted') {
        jobs.addEventJob(id, place);
        return { kind: 'accepted', eventId: id, status: 'accepted', dryRun: mode === 'dry_run' };
      }
      return recognise(jobs, result);
    } finally {
      place.leave();
    }
  };
}

function toTaken({ client, event, requestId, traceparent }: AcceptRequest) {
  const state = 'accepted' as const;
  return { v: recordVersion, state, client, type: event.type, body: event, requestId, traceparent };
}

async function writeEvent(
  { redis, keys, idempotencyMs }: AcceptOptions,
  {
    id,
    idempotency,
    taken,
  }: { readonly id: EventId; readonly idempotency: string; readonly taken: TakenEvent },
): Promise<string[]> {
  const fields = z.encode(takenEvent, taken);
  const shard = keys.of(id);
  return (await script.run(
    redis,
    { ...shard, idempotency: shard.idempotency(idempotency), event: shard.event(id) },
    {
      fingerprint: fingerprintEvent(fields.body),
      idempotencyMs,
      id,
      mode: fields.mode,
      fields: toPairs(fields),
    },
  )) as string[];
}

/** The key has been used before: by the same event, or by another one. */
function recognise(
  jobs: AcceptOptions['jobs'],
  [code, first = '', status, mode, place]: readonly string[],
): AcceptResult {
  const eventId = parseEventId(first);
  if (eventId === undefined) throw new Error(`accept-event.lua returned no event id: ${code}`);
  if (code === 'conflict') return { kind: 'conflict', eventId };
  // Whoever sends again may not have heard of the first time, and nor may we, with the job still to be added.
  if (place === 'open') jobs.addEventJob(eventId);
  return {
    kind: 'replayed',
    eventId,
    status: status === 'quarantined' ? 'quarantined' : 'accepted',
    dryRun: mode === 'dry_run',
  };
}
