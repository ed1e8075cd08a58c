import type { Redis } from 'ioredis';
import { z } from 'zod';
import { channels } from '../domain/channel.ts';
import { type EventState, eventStates, type IncomingEvent } from '../domain/event.ts';
import type { EventId, MessageId } from '../domain/ids.ts';
import type { AddressRemark } from '../domain/recipient.ts';
import type { Keys } from './keys.ts';
import type { SendMode } from './message-record.ts';
import { toStoreError } from './scripts.ts';
import { readFields } from './unreadable-record.ts';

/** An event as it lies in the store. */
export interface EventRecord {
  readonly id: EventId;
  readonly state: EventState;
  readonly reason: string;
  readonly client: string;
  readonly type: string;
  readonly mode: SendMode;
  readonly event: IncomingEvent;
  readonly receivedAt: number;
  readonly plannedAt?: number;
  /** When its quarantine ended (IDN-4); absent when there was none, or there still is. */
  readonly judgedAt?: number;
  /** The event that came before it with the same key, which was found out only when it was judged. */
  readonly earlierEvent?: EventId;
  readonly requestId: string;
  readonly traceparent?: string;
  readonly messages: readonly MessageId[];
  /** In which era of the store it was accepted. */
  readonly era: number;
  /** Channels that were left out when it was planned, and why. */
  readonly remarks: readonly AddressRemark[];
  /** How it died before, and who had it planned anew. */
  readonly earlier: readonly { readonly at: number; readonly what: string; readonly detail: string }[];
}

const remarkList = z.array(z.object({ channel: z.enum(channels), detail: z.string() }));
const earlierList = z.array(z.object({ at: z.number(), what: z.string(), detail: z.string() }));
const record = z.object({
  state: z.enum(eventStates),
  reason: z.string().default(''),
  client: z.string(),
  type: z.string(),
  mode: z.enum(['dry_run', 'testing', 'production']),
  body: z.string().transform((text) => JSON.parse(text) as IncomingEvent),
  receivedAt: z.coerce.number(),
  plannedAt: z.coerce.number().optional(),
  judgedAt: z.coerce.number().optional(),
  earlierEvent: z.string().optional(),
  requestId: z.string().default(''),
  traceparent: z.string().optional(),
  era: z.coerce.number().default(1),
  messages: z
    .string()
    .default('')
    .transform((text) => (text === '' ? [] : text.split(' ')) as MessageId[]),
  remarks: z
    .string()
    .default('[]')
    .transform((text) => remarkList.parse(JSON.parse(text))),
  earlier: z
    .string()
    .default('[]')
    .transform((text) => earlierList.parse(JSON.parse(text))),
});

/** The record of `id`, or `undefined` when there is none (or it has expired). Throws `UnreadableRecord`. */
export async function readEventRecord(
  redis: Redis,
  keys: Keys,
  id: EventId,
): Promise<EventRecord | undefined> {
  let fields: Record<string, string>;
  try {
    fields = await redis.hgetall(keys.of(id).event(id));
  } catch (error) {
    throw toStoreError('read event', error);
  }
  if (fields['state'] === undefined) return undefined;
  const { body, ...rest } = readFields(id, record, fields);
  return { id, event: body, ...dropUndefined(rest) } as EventRecord;
}

function dropUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
