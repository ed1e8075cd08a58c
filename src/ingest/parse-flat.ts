import type { JsonObject } from './parse-json.ts';
import type { RawEvent } from './raw-event.ts';

/**
 * The flat shape `{type, idempotency_key, …data}`. All but `flatEventFields` is data, `id` and `time` too, because a flat body names *things* with them: taking `id` for the event's identity could make two
 * events one. So the identity of a flat event is its key (header or body), never `source` + `id`.
 */
export function readFlat(body: JsonObject, at: string): RawEvent {
  const { type, idempotency_key, source, recipient, channels, send_at, not_after, ...data } = body;
  return {
    fields: { type, idempotency_key, source, recipient, channels, send_at, not_after },
    data,
    dataPointer: at,
    faultAt: (field, detail) => ({ pointer: `${at}/${field}`, detail }),
    faults: [],
  };
}
