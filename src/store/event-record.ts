import type { Redis } from 'ioredis';
import { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json.ts';
import { channels } from '../domain/channel.ts';
import { eventStates, type IncomingEvent } from '../domain/event.ts';
import { type EventId, type MessageId, shardOf } from '../domain/ids.ts';
import { sendModes } from '../domain/message.ts';
import type { Keys } from './keys.ts';
import { jsonField, listField, numberField, readSummary, textField } from './record-fields.ts';
import { callStore } from './scripts.ts';
import { readFields } from './unreadable-record.ts';

/** What is written of an event when it is taken, as fields of its hash. */
export const takenEvent = z.object({
  v: numberField.default(1),
  state: z.enum(eventStates),
  /** Empty until it is proved. */
  client: z.string(),
  type: z.string(),
  mode: z.enum(sendModes),
  body: jsonField(z.custom<IncomingEvent>(), canonicalJson),
  receivedAt: numberField,
  requestId: z.string().default(''),
  traceparent: z.string().optional(),
  /** The job that carries it first, perhaps with others. */
  job: z.string().optional(),
});

export type TakenEvent = Readonly<z.infer<typeof takenEvent>>;

/** An event as it lies in the store: what the scripts add to it, too. */
export const eventRecord = takenEvent.extend({
  reason: z.string().default(''),
  /** When its planning ended. */
  plannedAt: numberField.optional(),
  /** When its quarantine ended (IDN-4); absent when there was none, or there still is. */
  judgedAt: numberField.optional(),
  /** The event that came before it with the same key, which was found out only when it was judged. */
  earlierEvent: textField<EventId>().optional(),
  /** In which era of the store it was accepted. */
  era: numberField.default(1),
  messages: listField(textField<MessageId>(), ' '),
  /** Channels that were left out when it was planned, and why. */
  remarks: jsonField(z.array(z.object({ channel: z.enum(channels), detail: z.string() }))).default([]),
  /** How it died before, and who had it planned anew. */
  earlier: jsonField(z.array(z.object({ at: z.number(), what: z.string(), detail: z.string() }))).default([]),
});
export type EventRecord = Readonly<z.infer<typeof eventRecord>> & { readonly id: EventId };

/** The record of `id`, or `undefined` when there is none (or it has expired). Throws `UnreadableRecord`. */
export async function readEventRecord(
  redis: Redis,
  keys: Keys,
  id: EventId,
): Promise<EventRecord | undefined> {
  const fields = await callStore('read event', () => redis.hgetall(keys.of(id).event(id)));
  return fields['state'] === undefined ? undefined : { id, ...readFields(id, eventRecord, fields) };
}

const summary = eventRecord.pick({
  v: true,
  state: true,
  reason: true,
  client: true,
  type: true,
  mode: true,
  receivedAt: true,
  plannedAt: true,
});

/** What a list shows of an event: nothing of its body. */
export type EventSummary = Readonly<z.infer<typeof summary>> & { readonly id: EventId };

/**
 * The summaries in the order of the ids, in one round trip; `undefined` where there is no such record (any more), and
 * `'unreadable'` where this program cannot read it.
 */
export async function readEventSummaries(
  redis: Redis,
  keys: Keys,
  ids: readonly EventId[],
): Promise<(EventSummary | 'unreadable' | undefined)[]> {
  return await Promise.all(
    ids.map(async (id) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const record = await readSummary(redis, keys.of(id).event(id), summary, 'event');
      return record === undefined || record === 'unreadable' ? record : { id, ...record };
    }),
  );
}
