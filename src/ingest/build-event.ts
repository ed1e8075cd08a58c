import { type Channel, isChannel, channels as knownChannels } from '../domain/channel.ts';
import { type FieldError, ServiceError } from '../domain/errors.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { dayMs, instantRepair, parseInstant } from '../domain/instant.ts';
import { chooseKey, missingKeyRepair } from './idempotency-key.ts';
import { parseRecipient } from './parse-recipient.ts';
import { isAbsent, type NoteError, type RawEvent, type RawFields, withoutAbsent } from './raw-event.ts';

/** An event as far as it could be read. `checkEvent` returns it when it is valid, and reports every error otherwise. */
export interface ParsedEvent extends Pick<RawEvent, 'dataPointer' | 'errorAt'> {
  readonly event: IncomingEvent;
  /** Absent when there is none, or none that can be used. */
  readonly idempotencyKey: string | undefined;
  /** Errors of its own fields, numbers and texts; those of the data are for the catalog to find. */
  readonly errors: readonly FieldError[];
  /** The one error that nothing of it names the event. */
  readonly keyError: FieldError | undefined;
  /** False when recipient or channels have errors: then nobody can say whether somebody is reached. */
  readonly isReachKnown: boolean;
}

/** How far ahead `send_at` may lie; a `not_after` may lie as far after it (or after now). */
export const daysAheadMax = 400;

const namePattern = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/**
 * The event in its fields, with every error of them noted. `receivedAt` is in epoch ms.
 *
 * @throws ServiceError `malformed-event` (400) without a usable type: then nothing else can be said of it
 */
export function buildEvent(raw: RawEvent, headerKey: string | undefined, receivedAt: number): ParsedEvent {
  const errors = [...raw.errors];
  const note: NoteError = (field, detail) => {
    errors.push(raw.errorAt(field, detail));
    return undefined;
  };
  const { fields } = raw;
  const recipient = isAbsent(fields.recipient) ? undefined : parseRecipient(fields.recipient, note);
  const channels = readChannels(fields.channels, note);
  const isReachKnown = errors.length === raw.errors.length;
  const type = readName(fields, 'type', note);
  const source = readName(fields, 'source', note);
  const time = readInstant(fields, 'time', note);
  const event = {
    type: type ?? '',
    ...withoutAbsent({
      source,
      // The same instant is the same time, however its offset was written.
      time: time === undefined ? undefined : new Date(time).toISOString(),
      recipient,
      channels,
      ...readWindow(fields, receivedAt, note),
    }),
    data: raw.data,
  } satisfies IncomingEvent;
  const id = readName(fields, 'id', note);
  const key = { header: headerKey, body: fields.idempotency_key, source, id };
  const idempotencyKey = chooseKey(key, note);
  const isNameless = headerKey === undefined && isAbsent(fields.idempotency_key) && isAbsent(fields.id);

  if (isAbsent(fields.type)) note('type', 'give the event type, for example "welcome"');
  if (type === undefined)
    throw new ServiceError('malformed-event', 'the event has no usable type', { errors: errors });
  return {
    event,
    idempotencyKey,
    errors,
    keyError: isNameless ? raw.errorAt('idempotency_key', missingKeyRepair) : undefined,
    isReachKnown,
    dataPointer: raw.dataPointer,
    errorAt: raw.errorAt,
  };
}

function readName(fields: RawFields, field: 'id' | 'type' | 'source', note: NoteError): string | undefined {
  const value = fields[field];
  if (isAbsent(value)) return undefined;
  if (typeof value === 'string' && namePattern.test(value)) return value;
  return note(field, 'must be a string of 1 to 255 characters without control characters');
}

function readInstant(
  fields: RawFields,
  field: 'time' | 'send_at' | 'not_after',
  note: NoteError,
): number | undefined {
  const value = fields[field];
  if (isAbsent(value)) return undefined;
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  return instant ?? note(field, instantRepair);
}

/**
 * A limit that is already past is no error here: the event is accepted and ends `expired`. Refusing it would give a
 * replay of a good event another response than the first one; the bounds ahead only get looser with time.
 */
function readWindow(
  fields: RawFields,
  receivedAt: number,
  note: NoteError,
): Pick<Partial<IncomingEvent>, 'sendAt' | 'notAfter'> {
  const sendAt = readInstant(fields, 'send_at', note);
  const notAfter = readInstant(fields, 'not_after', note);
  const aheadMsMax = daysAheadMax * dayMs;
  if (sendAt !== undefined && sendAt > receivedAt + aheadMsMax)
    note('send_at', `must be at most ${daysAheadMax} days ahead`);
  if (notAfter !== undefined && sendAt !== undefined && notAfter <= sendAt)
    note('not_after', 'must be after send_at');
  if (notAfter !== undefined && notAfter > Math.max(receivedAt, sendAt ?? 0) + aheadMsMax)
    note('not_after', `must be at most ${daysAheadMax} days after send_at, or after now`);
  return withoutAbsent({ sendAt, notAfter });
}

function readChannels(value: unknown, note: NoteError): readonly Channel[] | undefined {
  if (isAbsent(value)) return undefined;
  const asked = Array.isArray(value) ? value.filter(isChannel) : [];
  const isGood = Array.isArray(value) && asked.length === value.length && asked.length > 0;
  if (!isGood) return note('channels', `must be a list of one or more of: ${knownChannels.join(', ')}`);
  // In one order and once each, so that equal wishes are equal events.
  return knownChannels.filter((channel) => asked.includes(channel));
}
