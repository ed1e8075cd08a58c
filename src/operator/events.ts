import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { eventStates } from '../domain/event.ts';
import { type EventId, type MessageId, parseEventId, shardOf } from '../domain/ids.ts';
import { messageStates } from '../domain/message.ts';
import { type EventRecord, readEventRecord } from '../store/event-record.ts';
import type { Store } from '../store/keys.ts';
import { explainEnd, type MessageRecord, readMessageRecord } from '../store/message-record.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import { endDetail } from './message.ts';
import { type Owner, read } from './operation.ts';
import { channel, eventId, exampledInstant as instant, messageId, toIso, whenGiven } from './schemas.ts';

const eventResponse = z
  .strictObject({
    event_id: eventId,
    type: z.string(),
    client: z.string(),
    state: z.enum(eventStates),
    reason: z.string().optional(),
    earlier_event_id: eventId
      .optional()
      .meta({ description: 'Of a `rejected` event that was quarantined: the event that had its key first' }),
    received_at: instant,
    dry_run: z.boolean(),
    messages: z.array(
      z.strictObject({
        message_id: messageId,
        channel,
        state: z.enum(messageStates),
        reason: z.string().optional(),
        detail: endDetail,
      }),
    ),
    unreadable: z
      .array(messageId)
      .optional()
      .meta({ description: 'Messages of it that this program cannot read: a newer one wrote them' }),
    remarks: z
      .array(z.strictObject({ channel, detail: z.string() }))
      .optional()
      .meta({ description: 'Channels that were left out, and why' }),
    history: z.array(z.strictObject({ at: instant, what: z.string(), detail: z.string().optional() })),
  })
  .meta({ id: 'Event', title: 'An event and what became of it' });

/** One event, as its owner sees it. */
export const events = [
  read('/api/events/:id', {
    operationId: 'getEvent',
    scope: 'notify.read',
    summary: 'See an event and what became of it',
    response: eventResponse,
    responseText: 'The event',
    problems: [404],
    command: { name: 'event show', summary: 'an event and what became of its messages' },
    run: async ({ id: text, by }, store: Store) => {
      const id = parseEventId(text);
      const event = id === undefined ? undefined : await findEvent(store, id, by.owner);
      if (event === undefined)
        throw new ServiceError('not-found', 'there is no such event, or it belongs to another client');
      return viewEvent(event, ...(await readMessagesOf(store, event)));
    },
  }),
];

async function findEvent(
  { redis, keys }: Store,
  id: EventId,
  owner: Owner,
): Promise<EventRecord | undefined> {
  if (shardOf(id) >= keys.shards) return undefined;
  const event = await readEventRecord(redis, keys, id);
  return event === undefined || (owner !== 'any' && event.client !== owner) ? undefined : event;
}

/** The messages of an event, and the ids of those that this program cannot read. */
async function readMessagesOf(
  { redis, keys }: Store,
  { messages }: EventRecord,
): Promise<[MessageRecord[], MessageId[]]> {
  const unreadable: MessageId[] = [];
  const records = await Promise.all(
    messages.map((id) =>
      readMessageRecord(redis, keys.of(id), id).catch((error: unknown) => {
        if (!(error instanceof UnreadableRecord)) throw error;
        unreadable.push(id);
        return undefined;
      }),
    ),
  );
  return [records.filter((record) => record !== undefined), unreadable];
}

/** An event as its client may see it, with where each of its messages stands. */
export function viewEvent(
  event: EventRecord,
  messages: readonly MessageRecord[],
  unreadable: readonly MessageId[] = [],
): z.output<typeof eventResponse> {
  const earlier = event.earlier.map(({ at, what, detail }) => ({
    at: toIso(at),
    what,
    ...whenGiven('detail', detail),
  }));
  const planned =
    event.plannedAt === undefined || event.state === 'accepted'
      ? []
      : [{ at: toIso(event.plannedAt), what: event.state, ...whenGiven('detail', event.reason) }];
  return {
    event_id: event.id,
    type: event.type,
    client: event.client,
    state: event.state,
    ...whenGiven('reason', event.reason),
    ...whenGiven('earlier_event_id', event.earlierEvent),
    received_at: toIso(event.receivedAt),
    dry_run: event.mode === 'dry_run',
    messages: messages.map((message) => ({
      message_id: message.id,
      channel: message.channel,
      state: message.state,
      ...whenGiven('reason', message.reason),
      ...explainEnd(message),
    })),
    ...(unreadable.length === 0 ? {} : { unreadable: [...unreadable] }),
    ...(event.remarks.length === 0 ? {} : { remarks: [...event.remarks] }),
    history: [...describeIntake(event), ...earlier, ...planned],
  };
}

/** Received and, when it had to wait for the issuer's keys, judged later. */
function describeIntake({ state, reason, receivedAt, judgedAt, plannedAt }: EventRecord) {
  const wasQuarantined = state === 'quarantined' || judgedAt !== undefined;
  const received = { at: toIso(receivedAt), what: wasQuarantined ? 'quarantined' : 'accepted' };
  if (judgedAt === undefined) return [received];
  const verdict =
    state === 'rejected' && plannedAt === undefined
      ? { what: 'rejected', ...whenGiven('detail', reason) }
      : { what: 'accepted' };
  return [received, { at: toIso(judgedAt), ...verdict }];
}
