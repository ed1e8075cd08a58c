import { type Channel, channelTable } from '../domain/channel.ts';
import { type FieldError, ServiceError } from '../domain/errors.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { recipientDefaults } from '../domain/recipient.ts';
import type { Catalog } from '../plan/catalog.ts';
import { type NotAfterRule, resolveNotAfterMs } from '../plan/catalog-not-after.ts';
import type { ParsedEvent } from './build-event.ts';
import { missingKeyRepair } from './idempotency-key.ts';

/** What accepting an event needs of the template catalog. */
export interface EventCatalog extends Pick<Catalog, 'types' | 'checkData'> {
  /** The field of the data that names a person of the directory, who is looked up where an event brings no recipient. */
  readonly directoryIdField: string;
  find(type: string): { readonly channels: readonly Channel[]; readonly notAfter: NotAfterRule } | undefined;
  /** What would keep the messages of an event whose data is good from being rendered; pointers are relative to the data. */
  checkDrafts(event: IncomingEvent): {
    readonly data: readonly FieldError[];
    /** Of the name of the recipient that the event brings. */
    readonly recipientName?: string;
  };
}

/** An event that is good to accept. */
export interface CheckedEvent {
  readonly event: IncomingEvent;
  readonly idempotencyKey: string;
}

/**
 * The event, when it can be accepted: its fields are good, templates can be fed with it (its type is known, its data
 * fits, the channels it asks for are offered, and somebody is named who can be written to on one of them, ING-4), it
 * can leave before it is worthless, and it has an identity. Otherwise all of its errors at once, each at its place.
 *
 * @throws ServiceError `unknown-event-type` (422, with `known_types`), `invalid-request-data` (422, its own fields are
 * at fault), `idempotency-key-missing` (400), `invalid-event-data` (422)
 */
export function checkEvent(parsed: ParsedEvent, catalog: EventCatalog): CheckedEvent {
  const { event, idempotencyKey, errors: ownErrors, keyError } = parsed;
  const entry = catalog.find(event.type);
  const dataErrors = entry === undefined ? [] : listTemplateErrors(parsed, catalog, entry);
  if (entry !== undefined && idempotencyKey !== undefined && ownErrors.length + dataErrors.length === 0)
    return { event, idempotencyKey };
  const typeError = entry === undefined ? [parsed.errorAt('type', 'is not a known event type')] : [];
  const nameError = keyError === undefined ? [] : [keyError];
  const errors = keepFirstPerPointer([...typeError, ...ownErrors, ...nameError, ...dataErrors]);
  if (entry === undefined) {
    const extra = { known_types: catalog.types() };
    const detail = 'no template is fed by this type; see known_types';
    throw new ServiceError('unknown-event-type', detail, { errors: errors, extra });
  }
  if (ownErrors.length > 0)
    throw new ServiceError('invalid-request-data', describeCount(errors.length), { errors: errors });
  if (keyError !== undefined)
    throw new ServiceError('idempotency-key-missing', missingKeyRepair, { errors: errors });
  const detail = 'the event is not what its templates need; see errors';
  throw new ServiceError('invalid-event-data', detail, { errors: errors });
}

function describeCount(count: number): string {
  return count === 1 ? 'one field is not valid; see errors' : `${count} fields are not valid; see errors`;
}

/** A field that was named already needs no second remark. Errors of headers have no place of their own. */
function keepFirstPerPointer(errors: readonly FieldError[]): readonly FieldError[] {
  const seen = new Set<string>();
  return errors.filter(({ pointer }) => {
    if (pointer !== '' && seen.has(pointer)) return false;
    seen.add(pointer);
    return true;
  });
}

type Entry = NonNullable<ReturnType<EventCatalog['find']>>;

function listDataErrors(parsed: ParsedEvent, catalog: EventCatalog, entry: Entry): readonly FieldError[] {
  const { event, dataPointer, errorAt } = parsed;
  const errors = catalog
    .checkData(event.type, event.data)
    .map(({ pointer, detail }) => ({ pointer: `${dataPointer}${pointer}`, detail }));
  const missing = event.channels?.filter((channel) => !entry.channels.includes(channel)) ?? [];
  if (missing.length > 0) {
    const offered = entry.channels.join(', ');
    errors.push(
      errorAt('channels', `${missing.join(', ')} is not offered for this type; offered: ${offered}`),
    );
  }
  const { directoryIdField: idField } = catalog;
  if (parsed.isReachKnown && event.recipient === undefined && !isDirectoryId(event.data[idField])) {
    const detail = `give a ${idField} to look up, or a recipient`;
    errors.push({ pointer: `${dataPointer}/${idField}`, detail });
  }
  const canCheckReach = parsed.isReachKnown && missing.length === 0;
  const unreachable = canCheckReach ? findUnreachable(event, entry.channels) : undefined;
  if (unreachable !== undefined)
    errors.push(errorAt(`recipient/${channelTable[unreachable].addressField}`, repairs[unreachable]));
  errors.push(...checkSendAt(parsed, entry.notAfter));
  return errors;
}

/** What the templates of the type cannot take; the renderer is asked only of what is good otherwise. */
function listTemplateErrors(parsed: ParsedEvent, catalog: EventCatalog, entry: Entry): readonly FieldError[] {
  const errors = listDataErrors(parsed, catalog, entry);
  if (errors.length + parsed.errors.length > 0) return errors;
  const { event, dataPointer, errorAt } = parsed;
  const { data, recipientName } = catalog.checkDrafts(event);
  return [
    ...data.map(({ pointer, detail }) => ({ pointer: `${dataPointer}${pointer}`, detail })),
    ...(recipientName === undefined ? [] : [errorAt('recipient/name', recipientName)]),
  ];
}

/** What may not leave before it is worthless is not accepted: it could only expire. */
function checkSendAt({ event, dataPointer, errorAt }: ParsedEvent, rule: NotAfterRule): FieldError[] {
  const { sendAt, recipient, data } = event;
  if (sendAt === undefined || rule.kind !== 'field') return [];
  const timeZone = recipient === undefined ? undefined : (recipient.timeZone ?? recipientDefaults.timeZone);
  const endAt = resolveNotAfterMs(rule, data, { acceptedAtMs: sendAt, timeZone });
  if (endAt === undefined || sendAt < endAt) return [];
  const [start, end] = [sendAt, endAt].map((at) => new Date(at).toISOString());
  const detail = `is ${start}, and by ${dataPointer}/${rule.field} the event is worthless from ${end} on`;
  return [errorAt('send_at', detail)];
}

const repairs = {
  email: 'is required: this event goes out by email only',
  sms: 'is required: this event goes out by text message only',
} as const satisfies Record<Channel, string>;

/** The one channel that the event would go out on, when its recipient has no address there. */
function findUnreachable(
  { recipient, channels }: IncomingEvent,
  offered: readonly Channel[],
): Channel | undefined {
  if (recipient === undefined) return undefined;
  const wanted = channels ?? offered;
  return wanted.some((channel) => recipient[channelTable[channel].addressField] !== undefined)
    ? undefined
    : wanted[0];
}

function isDirectoryId(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
