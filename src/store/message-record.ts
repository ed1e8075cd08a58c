import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { EmailAddress, PhoneNumber } from '../domain/address.ts';
import { channels } from '../domain/channel.ts';
import type { EventId, MessageId } from '../domain/ids.ts';
import { categories, messageStates, sendModes } from '../domain/message.ts';
import { messageIndexes, type ShardKeys } from './keys.ts';
import { jsonField, listField, numberField, textField } from './record-fields.ts';
import { callStore } from './scripts.ts';
import { readFields } from './unreadable-record.ts';

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
export type HistoryLine = Readonly<z.infer<typeof historyLine>>;

/** What the planner writes of a message, as fields of its hash. */
export const plannedMessage = z.object({
  v: numberField.default(1),
  id: textField<MessageId>(),
  event: textField<EventId>(),
  client: z.string(),
  type: z.string(),
  channel: z.enum(channels),
  category: z.enum(categories),
  mode: z.enum(sendModes),
  to: textField<EmailAddress | PhoneNumber>(),
  toHash: z.string(),
  name: z.string().optional(),
  locale: z.string(),
  /** The template's language that it came to when the message was planned. */
  textLocale: z.string().optional(),
  timeZone: z.string(),
  data: jsonField(z.record(z.string(), z.unknown())),
  state: z.enum(messageStates),
  /** Counts the jobs made for this message: a release or a replay makes a new one. */
  generation: numberField.default(1),
  sendAt: numberField.optional(),
  notAfter: numberField.optional(),
  requestId: z.string().default(''),
  traceparent: z.string().optional(),
  /** The job that carries it first, perhaps with others. */
  job: z.string().optional(),
  /** In which era of the store its event was accepted, or a person last released it. */
  era: numberField.default(1),
});

/** A message as it lies in the store: what the scripts add to it, too. */
export const messageRecord = plannedMessage.extend({
  reason: z.string().default(''),
  /** Attempts counted so far; a given-back permit does not count. */
  attempts: numberField.default(0),
  firstAttemptAt: numberField.optional(),
  resends: numberField.default(0),
  createdAt: numberField,
  /** When it came into its state. */
  updatedAt: numberField,
  deadline: numberField.optional(),
  owner: z.string().optional(),
  provider: z.string().optional(),
  providerRef: z.string().optional(),
  lastError: z.string().optional(),
  draft: z.string().optional(),
  /** What it last waited for, while its index says that it waits. */
  waitsFor: z.string().optional(),
  history: listField(jsonField(historyLine), '\n'),
  // Read by the scripts alone: of the claim, of a late response, of the next attempt.
  epoch: z.string().optional(),
  claimedAt: z.string().optional(),
  lastBefore: z.string().optional(),
  committed: z.string().optional(),
  lateSent: z.string().optional(),
  retryAt: z.string().optional(),
});
export type MessageRecord = Readonly<z.infer<typeof messageRecord>>;

/** The record of `id`, or `undefined` when there is none (or it has expired). Throws `UnreadableRecord`. */
export async function readMessageRecord(
  redis: Redis,
  keys: ShardKeys,
  id: MessageId,
): Promise<MessageRecord | undefined> {
  const fields = await callStore('read message', () => redis.hgetall(keys.message(id)));
  return fields['state'] === undefined ? undefined : readFields(id, messageRecord, fields);
}

/** Ends that no attempt explains: the cause is ours, in words that hold nothing of the data. */
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

/** What `moveKeyNames` names; of `messagesTo` the part before the hash of the address. */
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
