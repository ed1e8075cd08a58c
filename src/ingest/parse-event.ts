import { ServiceError } from '../domain/errors.ts';
import type { ParsedEvent } from './build-event.ts';
import { buildEvent } from './build-event.ts';
import { readKeyHeader } from './idempotency-key.ts';
import { readBinaryCloudEvent, readStructuredCloudEvent } from './parse-cloudevent.ts';
import { isEnvelope, readEnvelope } from './parse-envelope.ts';
import { readFlat } from './parse-flat.ts';
import { checkJsonIsSafe, parseJson } from './parse-json.ts';
import type { EventHeaders } from './raw-event.ts';

/** One request as the parser sees it: nothing of HTTP but the two things that carry meaning. */
export interface EventPost {
  /** Lower-case media type without parameters, for example `application/cloudevents+json`. */
  readonly mediaType: string;
  /** Read: `idempotency-key`, and `ce-*` of a binary CloudEvent. */
  readonly headers: EventHeaders;
  readonly body: Buffer;
}

/** A batch item: parsed, or what is wrong with it. One bad item does not spoil the others. */
export type BatchItem = ParsedEvent | ServiceError;

export const singleMediaTypes = ['application/json', 'application/cloudevents+json'] as const;
export const batchMediaTypes = ['application/json', 'application/cloudevents-batch+json'] as const;
export const batchItemsMax = 500;

/**
 * The one event in a post, whatever its shape; equal meaning gives an equal `IncomingEvent`.
 *
 * @throws ServiceError `malformed-json`, `malformed-event`, `malformed-request`, `idempotency-key-missing` (400),
 * `unsupported-media-type` (415), `invalid-request-data` (422, every fault by pointer). Nothing else.
 */
export function parseEvent(post: EventPost): ParsedEvent {
  const key = readKeyHeader(post.headers['idempotency-key']);
  const body = parseJson(post.body);
  if (Array.isArray(body)) {
    throw new ServiceError('malformed-event', 'this is a list; post lists to /api/events/batch');
  }
  const safe = checkJsonIsSafe(body, '');
  if (post.mediaType === 'application/cloudevents+json') {
    return buildEvent(readStructuredCloudEvent(safe, ''), key);
  }
  if (isBinaryCloudEvent(post.headers)) {
    return buildEvent(readBinaryCloudEvent(safe, post.headers), key);
  }
  return buildEvent(isEnvelope(safe) ? readEnvelope(safe, '') : readFlat(safe, ''), key);
}

/** Without its specversion too, so that whoever forgot it is told so, and not that the event has no type. */
function isBinaryCloudEvent(headers: EventHeaders): boolean {
  return ['ce-specversion', 'ce-type', 'ce-id'].some((name) => headers[name] !== undefined);
}

/**
 * Every item of a batch, in order, each parsed or with its own fault; pointers start with the item's index.
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
  const body = parseJson(post.body);
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
  const isCloudEvents = post.mediaType === 'application/cloudevents-batch+json';
  return body.map((item: unknown, index) => parseItem(item, `/${index}`, isCloudEvents));
}

function parseItem(item: unknown, at: string, isCloudEvent: boolean): BatchItem {
  try {
    const safe = checkJsonIsSafe(item, at);
    if (isCloudEvent) return buildEvent(readStructuredCloudEvent(safe, at), undefined);
    return buildEvent(isEnvelope(safe) ? readEnvelope(safe, at) : readFlat(safe, at), undefined);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}
