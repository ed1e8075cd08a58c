import { ServiceError } from '../domain/errors.ts';
import type { IncomingEvent } from '../domain/event.ts';
import type { Channel } from '../domain/message.ts';
import { channels as knownChannels } from '../domain/message.ts';
import { chooseKey } from './idempotency-key.ts';
import { parseInstant } from './parse-instant.ts';
import { parseRecipient } from './parse-recipient.ts';
import type { FaultAt, NoteFault, RawEvent, RawFields } from './raw-event.ts';
import { isAbsent, withoutAbsent } from './raw-event.ts';

/** An event whose every field but the data is checked; the catalog checks the data (`checkEvent`). */
export interface ParsedEvent {
  readonly event: IncomingEvent;
  readonly idempotencyKey: string;
  /** JSON pointer in the posted body under which `event.data` stands. */
  readonly dataPointer: string;
  /** Names a field (`type`, `channels`) the way the caller wrote it. */
  readonly faultAt: FaultAt;
}

const namePattern = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/**
 * The checked event, or all of its faults at once.
 *
 * @throws ServiceError `malformed-event` (400) without a type, `invalid-request-data` (422) with every fault by
 * pointer, `idempotency-key-missing` (400)
 */
export function buildEvent(raw: RawEvent, headerKey: string | undefined): ParsedEvent {
  const faults = [...raw.faults];
  const note: NoteFault = (field, detail) => {
    faults.push(raw.faultAt(field, detail));
    return undefined;
  };
  const { fields } = raw;
  const type = readName(fields, 'type', note);
  const event = {
    type: type ?? '',
    ...withoutAbsent({
      source: readName(fields, 'source', note),
      time: readTime(fields.time, note),
      recipient: isAbsent(fields.recipient) ? undefined : parseRecipient(fields.recipient, note),
      channels: readChannels(fields.channels, note),
      ...readWindow(fields, note),
    }),
    data: raw.data,
  } satisfies IncomingEvent;
  const id = readName(fields, 'id', note);
  const idempotencyKey = chooseKey(
    { header: headerKey, body: fields.idempotency_key, source: event.source, id },
    note,
  );

  if (isAbsent(fields.type)) note('type', 'give the event type, for example "welcome"');
  if (type === undefined)
    throw new ServiceError('malformed-event', 'the event has no usable type', { faults });
  if (faults.length > 0)
    throw new ServiceError('invalid-request-data', describeCount(faults.length), { faults });
  if (idempotencyKey === undefined) {
    throw new ServiceError(
      'idempotency-key-missing',
      'send an Idempotency-Key header, or idempotency_key in the body, or an envelope or CloudEvent with an id',
    );
  }
  return { event, idempotencyKey, dataPointer: raw.dataPointer, faultAt: raw.faultAt };
}

function describeCount(count: number): string {
  return count === 1 ? 'one field is not valid; see errors' : `${count} fields are not valid; see errors`;
}

function readName(fields: RawFields, field: 'id' | 'type' | 'source', note: NoteFault): string | undefined {
  const value = fields[field];
  if (isAbsent(value)) return undefined;
  if (typeof value === 'string' && namePattern.test(value)) return value;
  return note(field, 'must be a string of 1 to 255 characters without control characters');
}

/** The same instant is the same time, however its offset was written. */
function readTime(value: unknown, note: NoteFault): string | undefined {
  const instant = readInstant(value, 'time', note);
  return instant === undefined ? undefined : new Date(instant).toISOString();
}

function readInstant(value: unknown, field: string, note: NoteFault): number | undefined {
  if (isAbsent(value)) return undefined;
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  return (
    instant ?? note(field, 'must be an ISO 8601 instant with its offset, for example 2026-11-20T09:30:00Z')
  );
}

/**
 * A fence that is already past is no fault here: the event is accepted and ends `expired`. Refusing it would give a
 * replay of a good event another answer than the first one.
 */
function readWindow(fields: RawFields, note: NoteFault): Pick<Partial<IncomingEvent>, 'sendAt' | 'notAfter'> {
  const sendAt = readInstant(fields.send_at, 'send_at', note);
  const notAfter = readInstant(fields.not_after, 'not_after', note);
  if (notAfter !== undefined && sendAt !== undefined && notAfter <= sendAt)
    note('not_after', 'must be after send_at');
  return withoutAbsent({ sendAt, notAfter });
}

function readChannels(value: unknown, note: NoteFault): readonly Channel[] | undefined {
  if (isAbsent(value)) return undefined;
  const asked = Array.isArray(value) ? value.filter(isChannel) : [];
  const isGood = Array.isArray(value) && asked.length === value.length && asked.length > 0;
  if (!isGood) return note('channels', `must be a list of one or more of: ${knownChannels.join(', ')}`);
  // In one order and once each, so that equal wishes are equal events.
  return knownChannels.filter((channel) => asked.includes(channel));
}

function isChannel(value: unknown): value is Channel {
  return value === 'email' || value === 'sms';
}
