import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { EmailAddress, PhoneNumber } from '../domain/address.ts';
import { type Channel, channels } from '../domain/channel.ts';
import type { ClientId, EventId, MessageId } from '../domain/ids.ts';
import type { Category, MessageState } from '../domain/message.ts';
import { messageStates } from '../domain/message.ts';
import { messageIndexes, type ShardKeys } from './keys.ts';
import { toStoreError } from './scripts.ts';
import { readFields } from './unreadable-record.ts';

/** How the service was running when a message was planned. A rehearsal stays a rehearsal. */
export type SendMode = 'dry_run' | 'testing' | 'production';

/** A message as it lies in the store. */
export interface MessageRecord {
  readonly id: MessageId;
  readonly event: EventId;
  readonly client: ClientId;
  readonly type: string;
  readonly channel: Channel;
  readonly category: Category;
  readonly mode: SendMode;
  readonly to: EmailAddress | PhoneNumber;
  readonly toHash: string;
  readonly name?: string;
  readonly locale: string;
  /** The template's language that it came to when the message was planned. */
  readonly textLocale?: string;
  readonly timeZone: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly state: MessageState;
  readonly reason: string;
  /** Counts the jobs made for this message: a release or a replay makes a new one. */
  readonly generation: number;
  /** Attempts counted so far; a given-back permit does not count. */
  readonly attempts: number;
  readonly firstAttemptAt?: number;
  readonly resends: number;
  readonly sendAt?: number;
  readonly notAfter?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deadline?: number;
  readonly owner?: string;
  readonly provider?: string;
  readonly providerRef?: string;
  readonly lastError?: string;
  readonly requestId: string;
  readonly traceparent?: string;
  readonly draft?: string;
  /** In which era of the store its event was accepted, or a person last released it. */
  readonly era: number;
  readonly history: readonly HistoryLine[];
}

export interface HistoryLine {
  readonly at: number;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
  readonly attempt?:
    | { number: number; provider: string; outcome: string; detail: string; durationMs: number }
    | undefined;
}

/** The record of `id`, or `undefined` when there is none (or it has expired). Throws `UnreadableRecord`. */
export async function readMessageRecord(
  redis: Redis,
  keys: ShardKeys,
  id: MessageId,
): Promise<MessageRecord | undefined> {
  let fields: Record<string, string>;
  try {
    fields = await redis.hgetall(keys.message(id));
  } catch (error) {
    throw toStoreError('read message', error);
  }
  return fields['state'] === undefined ? undefined : parseMessageRecord(id, fields);
}

/** Ends that no attempt explains: their cause is ours to tell, in words that hold nothing of the data. */
const unexplained = ['render', 'poison'];

/** Why a message is dead that no provider has refused; of attempts, their own lines tell. */
export function explainEnd({
  state,
  reason,
  lastError,
}: Pick<MessageRecord, 'state' | 'reason' | 'lastError'>): { readonly detail?: string } {
  return state === 'dead' && unexplained.includes(reason) && lastError !== undefined
    ? { detail: lastError }
    : {};
}

/** The keys of every script with `move-message.lua`. */
export const moveKeyNames = [
  'message',
  ...Object.values(messageIndexes),
  'messageCounts',
  'messagesTo',
  'gate',
] as const;

/** What `moveKeyNames` names; of `messagesTo` what stands before the hash of the address. */
export function moveKeys(keys: ShardKeys, id: MessageId): Record<(typeof moveKeyNames)[number], string> {
  const { messagesOpen, messagesHeld, messagesUnknown, messagesDead, messagesEnded, messageCounts, gate } =
    keys;
  return {
    message: keys.message(id),
    messagesOpen,
    messagesHeld,
    messagesUnknown,
    messagesDead,
    messagesEnded,
    messageCounts,
    messagesTo: keys.messagesTo(''),
    gate,
  };
}

const instant = z.coerce.number().optional();
const jsonObject = z.string().transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
const historyLine = z.object({
  at: z.number(),
  from: z.string().optional(),
  to: z.string().optional(),
  reason: z.string().optional(),
  by: z.string().optional(),
  attempt: z
    .object({
      number: z.number(),
      provider: z.string(),
      outcome: z.string(),
      detail: z.string(),
      durationMs: z.number(),
    })
    .optional(),
});
const record = z.object({
  id: z.string(),
  event: z.string(),
  client: z.string(),
  type: z.string(),
  channel: z.enum(channels),
  category: z.enum(['transactional', 'promotional']),
  mode: z.enum(['dry_run', 'testing', 'production']),
  to: z.string(),
  toHash: z.string(),
  name: z.string().optional(),
  locale: z.string(),
  textLocale: z.string().optional(),
  timeZone: z.string(),
  data: jsonObject,
  state: z.enum(messageStates),
  reason: z.string().default(''),
  generation: z.coerce.number().default(1),
  attempts: z.coerce.number().default(0),
  firstAttemptAt: instant,
  resends: z.coerce.number().default(0),
  sendAt: instant,
  notAfter: instant,
  createdAt: z.coerce.number(),
  updatedAt: z.coerce.number(),
  deadline: instant,
  owner: z.string().optional(),
  provider: z.string().optional(),
  providerRef: z.string().optional(),
  lastError: z.string().optional(),
  requestId: z.string().default(''),
  traceparent: z.string().optional(),
  draft: z.string().optional(),
  era: z.coerce.number().default(1),
  history: z
    .string()
    .default('')
    .transform((text) =>
      text === '' ? [] : text.split('\n').map((line) => historyLine.parse(JSON.parse(line))),
    ),
});

function parseMessageRecord(id: MessageId, fields: Readonly<Record<string, string>>): MessageRecord {
  return readFields(id, record, fields) as unknown as MessageRecord;
}
