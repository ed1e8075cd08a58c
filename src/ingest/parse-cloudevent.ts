import { type FieldError, ServiceError } from '../domain/errors.ts';
import { pointerBelow } from '../domain/strict-json.ts';
import { isJsonObject, type JsonObject } from './parse-json.ts';
import { recipientFields } from './parse-recipient.ts';
import type { EventHeaders, RawEvent, RawFields } from './raw-event.ts';

/**
 * A CloudEvent 1.0 in structured mode (JSON event format §3). Our own fields travel as extension attributes,
 * which are lower-case letters and digits and hold simple values: `idempotencykey`, `sendat`, `notafter`,
 * `channels` (`email,sms`), `recipientemail`, `recipientphone`, `recipientname`, `recipientlocale`,
 * `recipienttimezone`. Other extensions are left alone, as the specification asks: they have no effect.
 *
 * @throws ServiceError `malformed-event` (specversion, data_base64), `unsupported-media-type` (data is not JSON)
 */
export function readStructuredCloudEvent(body: JsonObject, at: string): RawEvent {
  const { data, data_base64, ...attributes } = body;
  checkVersion(attributes['specversion'], { pointer: `${at}/specversion`, detail: 'must be "1.0"' });
  checkDataIsJson(attributes['datacontenttype']);
  if (data_base64 !== undefined) {
    throw new ServiceError('malformed-event', 'send the data as JSON in data; data_base64 is not accepted', {
      errors: [{ pointer: `${at}/data_base64`, detail: 'is not accepted' }],
    });
  }
  const errors = Object.keys(attributes)
    .filter((name) => !/^[a-z0-9]+$/.test(name))
    .map((name) => ({
      pointer: pointerBelow(at, name),
      detail: 'a CloudEvents attribute has lower-case letters and digits only',
    }));
  if (data !== undefined && data !== null && !isJsonObject(data)) {
    errors.push({ pointer: `${at}/data`, detail: 'must be a JSON object' });
  }
  return {
    fields: toFields((name) => attributes[name]),
    data: isJsonObject(data) ? data : {},
    dataPointer: `${at}/data`,
    errorAt: (field, detail) => ({ pointer: `${at}/${attributeName(field)}`, detail }),
    errors,
  };
}

/**
 * A CloudEvent 1.0 in binary mode (HTTP binding §3.1): attributes are `ce-*` headers, percent-encoded, and the
 * body is the data. An error of a header has the empty pointer and names the header in its detail.
 *
 * @throws ServiceError `malformed-event` (specversion), `malformed-request` (a header is not percent-encoded
 * UTF-8)
 */
export function readBinaryCloudEvent(data: JsonObject, headers: EventHeaders): RawEvent {
  const readHeader = (name: string): string | undefined => decodeHeader(`ce-${name}`, headers[`ce-${name}`]);
  checkVersion(readHeader('specversion'), headerError('specversion', 'must be 1.0'));
  return { fields: toFields(readHeader), data, dataPointer: '', errorAt: headerError, errors: [] };
}

function headerError(field: string, detail: string): FieldError {
  return { pointer: '', detail: `header ce-${attributeName(field)}: ${detail}` };
}

/** `recipient/time_zone` → `recipienttimezone`. */
function attributeName(field: string): string {
  return field.replace(/[/_]/g, '');
}

function toFields(read: (name: string) => unknown): RawFields {
  const channels = read('channels');
  return {
    id: read('id') ?? '',
    source: read('source') ?? '',
    type: read('type'),
    time: read('time'),
    idempotency_key: read('idempotencykey'),
    send_at: read('sendat'),
    not_after: read('notafter'),
    channels: typeof channels === 'string' ? channels.split(',').map((channel) => channel.trim()) : channels,
    recipient: toRecipient(read),
  };
}

function toRecipient(read: (name: string) => unknown): JsonObject | undefined {
  const named = recipientFields.map((field) => [field, read(`recipient${attributeName(field)}`)] as const);
  const given = named.filter(([, value]) => value !== undefined && value !== null);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function checkVersion(version: unknown, error: FieldError): void {
  if (version === '1.0') return;
  const named = typeof version === 'string' ? `"${version.slice(0, 20)}"` : 'not given';
  throw new ServiceError('malformed-event', `CloudEvents specversion must be "1.0"; it is ${named}`, {
    errors: [error],
  });
}

function checkDataIsJson(mediaType: unknown): void {
  if (mediaType === undefined || mediaType === null) return;
  if (typeof mediaType === 'string' && /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(mediaType)) return;
  throw new ServiceError('unsupported-media-type', 'datacontenttype must be application/json');
}

/** One round of unquoting and percent-decoding (HTTP binding §3.1.3.2). */
function decodeHeader(name: string, value: string | readonly string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value : value.join(',');
  const quoted = /^"(.*)"$/.exec(text)?.[1];
  try {
    return decodeURIComponent(quoted === undefined ? text : quoted.replace(/\\(.)/g, '$1'));
  } catch (cause) {
    throw new ServiceError('malformed-request', `header ${name} is not percent-encoded UTF-8`, { cause });
  }
}
