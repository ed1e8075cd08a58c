import { pointerBelow } from '../domain/strict-json.ts';
import type { JsonObject } from './parse-json.ts';
import { isJsonObject } from './parse-json.ts';
import type { RawEvent } from './raw-event.ts';

/** An envelope is recognised by its `data`: an object, or at least something beside an `id`. */
export function isEnvelope(body: JsonObject): boolean {
  return isJsonObject(body['data']) || ('data' in body && 'id' in body);
}

/**
 * The envelope `{id, type, source?, time?, recipient?, channels?, data, send_at?, not_after?, idempotency_key?}`.
 * Any other name is a fault: a caller that writes `priority`, `category` or `dry_run` must learn that it has no
 * effect (OWASP API3:2023).
 */
export function readEnvelope(body: JsonObject, at: string): RawEvent {
  const {
    data,
    id,
    type,
    source,
    time,
    recipient,
    channels,
    send_at,
    not_after,
    idempotency_key,
    ...unknown
  } = body;
  return {
    fields: { id, type, source, time, recipient, channels, send_at, not_after, idempotency_key },
    data: isJsonObject(data) ? data : {},
    dataPointer: `${at}/data`,
    faultAt: (field, detail) => ({ pointer: `${at}/${field}`, detail }),
    faults: [
      ...(isJsonObject(data) ? [] : [{ pointer: `${at}/data`, detail: 'must be a JSON object' }]),
      ...Object.keys(unknown).map((key) => ({
        pointer: pointerBelow(at, key),
        detail: describeUnknown(key),
      })),
    ],
  };
}

function describeUnknown(key: string): string {
  if (key === 'specversion') return 'post CloudEvents with content type application/cloudevents+json';
  return 'an envelope has no such member; the event’s own fields belong in data';
}
