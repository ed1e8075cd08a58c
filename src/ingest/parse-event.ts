import { type FieldError, ServiceError } from '../domain/errors.ts';
import { type JsonFlaw, pointerBelow } from '../domain/strict-json.ts';
import { buildEvent, type ParsedEvent } from './build-event.ts';
import { readKeyHeader } from './idempotency-key.ts';
import { readBinaryCloudEvent, readStructuredCloudEvent } from './parse-cloudevent.ts';
import { isJsonObject, type JsonObject, parseJson, requireObject } from './parse-json.ts';
import type { EventHeaders, RawEvent } from './raw-event.ts';

/** One request as the parser sees it: of HTTP only what carries meaning. */
export interface EventPost {
  /** Lower-case media type without parameters, for example `application/cloudevents+json`. */
  readonly mediaType: string;
  /** Read: `idempotency-key`, and `ce-*` of a binary CloudEvent. */
  readonly headers: EventHeaders;
  readonly body: Buffer;
  /** Epoch ms. */
  readonly receivedAt: number;
}

/** A batch item: read, or why it cannot be. One bad item does not spoil the others. */
export type BatchItem = ParsedEvent | ServiceError;

export const singleMediaTypes = ['application/json', 'application/cloudevents+json'] as const;
export const batchMediaTypes = ['application/json', 'application/cloudevents-batch+json'] as const;
export const batchItemsMax = 500;
/** Values in one event: far beyond any template's need, and read within milliseconds. */
const eventValuesMax = 5_000;

/**
 * The one event in a post, whatever its shape, with the errors of its fields; equal meaning gives an equal
 * `IncomingEvent`.
 *
 * @throws ServiceError `malformed-json`, `malformed-event`, `malformed-request` (400), `body-too-large` (413),
 * `unsupported-media-type` (415): it cannot be read as an event. Nothing else.
 */
export function parseEvent(post: EventPost): ParsedEvent {
  const key = readKeyHeader(post.headers['idempotency-key']);
  const { value, flaws } = parseJson(post.body, eventValuesMax);
  if (Array.isArray(value)) {
    throw new ServiceError('malformed-event', 'this is a list; post lists to /api/events/batch');
  }
  const { body, errors } = requireObject(value, '', flaws);
  const isStructured = post.mediaType === 'application/cloudevents+json';
  const raw =
    !isStructured && isBinaryCloudEvent(post.headers)
      ? readBinaryCloudEvent(body, post.headers)
      : readBody(body, '', isStructured);
  return buildEvent(withErrors(raw, errors), key, post.receivedAt);
}

function readBody(body: JsonObject, at: string, isCloudEvent: boolean): RawEvent {
  if (isCloudEvent) return readStructuredCloudEvent(body, at);
  return isEnvelope(body) ? readEnvelope(body, at) : readFlat(body, at);
}

function withErrors(raw: RawEvent, errors: readonly FieldError[]): RawEvent {
  return errors.length === 0 ? raw : { ...raw, errors: [...errors, ...raw.errors] };
}

/** Without its specversion too, so that whoever forgot it is told so, and not that the event has no type. */
function isBinaryCloudEvent(headers: EventHeaders): boolean {
  return ['ce-specversion', 'ce-type', 'ce-id'].some((name) => headers[name] !== undefined);
}

/**
 * Every item of a batch, in order, each parsed or with its own error; pointers start with the item's index.
 *
 * @throws ServiceError when the batch as a whole cannot be read: `malformed-json`, `malformed-event` (not a list),
 * `malformed-request` (an `Idempotency-Key` header), `invalid-request-data` (empty), `body-too-large` (over 500).
 */
export function parseBatch(post: EventPost): readonly BatchItem[] {
  if (post.headers['idempotency-key'] !== undefined) {
    throw new ServiceError(
      'malformed-request',
      'Idempotency-Key names one event; give each item of a batch its own',
    );
  }
  const { value: body, flaws } = parseJson(post.body);
  if (!Array.isArray(body)) {
    throw new ServiceError('malformed-event', 'a batch is a JSON list; post a single event to /api/events');
  }
  if (body.length === 0)
    throw new ServiceError('invalid-request-data', 'a batch holds 1 to 500 events; this one is empty');
  if (body.length > batchItemsMax) {
    throw new ServiceError(
      'body-too-large',
      `a batch holds at most ${batchItemsMax} events; this one has ${body.length}`,
    );
  }
  const flawsOf = Map.groupBy(flaws, ({ pointer }) => Number(/^\/(\d+)/.exec(pointer)?.[1]));
  return body.map((item: unknown, index) =>
    parseItem(item, index, { post, flaws: flawsOf.get(index) ?? [] }),
  );
}

function parseItem(
  item: unknown,
  index: number,
  { post, flaws }: { readonly post: EventPost; readonly flaws: readonly JsonFlaw[] },
): BatchItem {
  try {
    const at = `/${index}`;
    const { body, errors } = requireObject(item, at, flaws);
    const raw = readBody(body, at, post.mediaType === 'application/cloudevents-batch+json');
    return buildEvent(withErrors(raw, errors), undefined, post.receivedAt);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

/**
 * The flat shape `{type, idempotency_key, …data}`. All but the fields named here is data, `id` and `time` too, because a
 * flat body names what the event is about with them: taking `id` for the event's identity could make two events one. So
 * the identity of a flat event is its key (header or body), never `source` + `id`.
 */
function readFlat(body: JsonObject, at: string): RawEvent {
  const { type, idempotency_key, source, recipient, channels, send_at, not_after, ...data } = body;
  return {
    fields: { type, idempotency_key, source, recipient, channels, send_at, not_after },
    data,
    dataPointer: at,
    errorAt: (field, detail) => ({ pointer: `${at}/${field}`, detail }),
    errors: [],
  };
}

/** An envelope is recognised by its `data`: an object, or at least something beside an `id`. */
function isEnvelope(body: JsonObject): boolean {
  return isJsonObject(body['data']) || ('data' in body && 'id' in body);
}

/**
 * The envelope `{id, type, source?, time?, recipient?, channels?, data, send_at?, not_after?, idempotency_key?}`.
 * Any other name is an error: a caller that writes `priority`, `category` or `dry_run` must learn that it has no
 * effect (OWASP API3:2023).
 */
function readEnvelope(body: JsonObject, at: string): RawEvent {
  const { data, id, time, ...others } = body;
  const { data: unknown, fields, errorAt } = readFlat(others, at);
  const errors = Object.keys(unknown).map((key) => ({
    pointer: pointerBelow(at, key),
    detail: describeUnknown(key),
  }));
  const isObject = isJsonObject(data);
  if (!isObject) errors.unshift({ pointer: `${at}/data`, detail: 'must be a JSON object' });
  return {
    fields: { id, time, ...fields },
    data: isObject ? data : {},
    dataPointer: `${at}/data`,
    errorAt,
    errors: errors,
  };
}

function describeUnknown(key: string): string {
  return key === 'specversion'
    ? 'post CloudEvents with content type application/cloudevents+json'
    : 'an envelope has no such member; the event’s own fields belong in data';
}
