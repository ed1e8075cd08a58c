import { z } from 'zod';
import { channels } from '../domain/channel.ts';
import { instantCharsMax, instantRepair, parseInstant } from '../domain/instant.ts';
import { categories } from '../domain/message.ts';
import type { BulkReport } from '../gate/act-in-bulk.ts';
import { redactText } from '../observe/redact.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import type { Page } from '../store/walk-index.ts';

/**
 * What the schemas of operations are made of. A schema with an `id` is a named schema of the OpenAPI document. Requests
 * are checked whole: an unknown field is an error. Every address in a response is masked.
 */

/** Of responses. */
export const instant = z.string().meta({ format: 'date-time' });
/** With examples, for what every client is told. */
export const exampledInstant = instant.meta({ examples: ['2026-11-20T09:30:00.000Z'] });
export const eventId = z
  .string()
  .meta({ description: 'Id of an event', examples: ['evt_00k3v9q1zr7m2c8d4x6w0b5n1t'] });
export const messageId = z
  .string()
  .meta({ description: 'Id of a message', examples: ['msg_00k3v9q1zr7m2c8d4x6w0b5n1t'] });
export const count = z.int().nonnegative();
export const counts = z.record(z.string(), count);
export const channel = z.enum(channels);
export const category = z.enum(categories);
/** Present on what is queued, held or given up although an earlier attempt got no response. */
export const mayHaveLeft = z
  .boolean()
  .optional()
  .meta({ description: 'An earlier attempt got no answer: a copy may be out already' });
export const pointerFault = z.strictObject({
  pointer: z
    .string()
    .meta({ description: 'JSON pointer (RFC 6901) into the posted body', examples: ['/data/deadline'] }),
  detail: z.string(),
});
/** A setting with where its value comes from. */
export const settingView = z.strictObject({ value: z.unknown(), origin: z.string() });
export const nextCursor = z
  .string()
  .optional()
  .meta({ description: 'Where to go on; absent on the last page' });
export const unreadable = z
  .array(z.string())
  .optional()
  .meta({ description: 'Records on this page that this program cannot read, whatever the filter' });

/** What every list of messages that wait for a person tells of each. */
export const waitingMessage = {
  message_id: z.string(),
  event_id: z.string(),
  type: z.string(),
  channel,
  category,
  client: z.string(),
  to: z.string(),
  reason: z.string(),
};

/** What every operation on many tells. */
export const bulkReport = {
  preview: z.boolean(),
  matched: count,
  skipped: counts.meta({ description: 'By the word that says why not' }),
  by_type: counts.meta({ description: 'Those that may be acted upon' }),
  dry_run: count.meta({ description: 'Of those: planned as a rehearsal, which they stay' }),
  may_have_left: count.meta({ description: 'Of those: a copy may be out already' }),
  more: z.boolean().meta({ description: 'There are more than the limit; ask again' }),
};

/** Of requests. Longer ones are refused before anything else looks at them. */
export const word = z.string().min(1).max(200, { abort: true });
export const instantText = z
  .string()
  .max(instantCharsMax)
  .refine((text) => parseInstant(text) !== undefined, instantRepair)
  .meta({ format: 'date-time' });
export const seenEpoch = z
  .int()
  .nonnegative()
  .meta({ description: 'The epoch that you saw; an older one is 409' });
export const reason = z
  .string()
  .max(2_000, { abort: true })
  .trim()
  .min(1)
  .max(500, { abort: true })
  .overwrite(redactText)
  .meta({ description: 'Why, for the audit. Addresses in it are masked.' });
export const preview = z
  .boolean()
  .default(true)
  .meta({ description: '`true`, the default: nothing changes, the answer says what would' });
export const bulkLimit = z
  .int()
  .min(1)
  .max(10_000)
  .default(1_000)
  .meta({ description: 'At most this many at a time' });
export const ids = z.array(z.string().max(64)).min(1).max(1_000);

/** What selects messages, in every list and every operation on many. */
export const messageFilter = {
  type: word.optional(),
  channel: channel.optional(),
  category: category.optional(),
  client: word.optional(),
};

/** What places a page in a list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(1_000).optional().meta({ description: '`next_cursor` of the page before' }),
};

/** A page of a list: what is told beside it, its items, and where to go on. */
export function listResponse<I extends z.ZodType, M extends z.ZodRawShape>(id: string, item: I, more?: M) {
  const shape = { ...(more as M), items: z.array(item), unreadable, next_cursor: nextCursor };
  return z.strictObject(shape).meta({ id });
}

/** An order on many: what it selects, what is special to it, and what every one has. */
export function bulkOrder<F extends z.ZodRawShape>(selection: F) {
  return z.strictObject({ ...selection, limit: bulkLimit, preview, reason });
}

/** How an order on many went; `done` counts what was done. */
export function bulkResponse<D extends z.ZodRawShape>(id: string, done: D) {
  return z.strictObject({ ...bulkReport, ...done }).meta({ id });
}

/** What every list tells of a message. */
export function viewMessageSummary({
  id,
  event,
  type,
  channel: by,
  category: of,
  client,
  to,
  reason: why,
}: MessageSummary) {
  return { message_id: id, event_id: event, type, channel: by, category: of, client, to, reason: why };
}

/** A query is a filter and a place in the list. */
export function toAsk<Q extends { readonly limit: number; readonly cursor?: string | undefined }>(query: Q) {
  const { limit, cursor, ...filter } = query;
  return { filter, limit, cursor };
}

export function viewPage<T, V>(
  { items, unreadable: those, nextCursor: next }: Page<T>,
  view: (item: T) => V,
) {
  return {
    items: items.map(view),
    ...(those === undefined ? {} : { unreadable: those }),
    ...(next === undefined ? {} : { next_cursor: next }),
  };
}

/** `doneIn`: the member that tells how many were done. */
export function viewBulk<Name extends string>(report: BulkReport, isPreview: boolean, doneIn: Name) {
  const { done, matched, skipped, byType, rehearsals, mayHaveLeft: left, more } = report;
  return {
    preview: isPreview,
    matched,
    skipped,
    by_type: byType,
    dry_run: rehearsals,
    may_have_left: left,
    more,
    ...({ [doneIn]: done } as Record<Name, number>),
  };
}

export function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** The member, when there is a value; an absent one is left out of the JSON. */
export function whenGiven<Name extends string, T>(
  name: Name,
  value: T | undefined,
): Partial<Record<Name, T>> {
  return value === undefined || value === '' ? {} : ({ [name]: value } as Partial<Record<Name, T>>);
}
