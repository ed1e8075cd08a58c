import type { PointerFault } from '../domain/errors.ts';
import { ServiceError } from '../domain/errors.ts';
import type { Channel } from '../domain/message.ts';
import type { ParsedEvent } from './build-event.ts';

/** What the door asks of the template catalog. */
export interface EventCatalog {
  types(): readonly string[];
  find(type: string): { readonly channels: readonly Channel[] } | undefined;
  /** Every fault of `data`, by JSON pointer relative to it; empty when it is good. */
  checkData(type: string, data: Readonly<Record<string, unknown>>): readonly PointerFault[];
}

/**
 * Returns when templates can be fed with this event: its type is known, its data fits, the channels it asks for are
 * offered, and somebody is named to write to (ING-4).
 *
 * @throws ServiceError `unknown-event-type` (422, with `known_types`), `invalid-event-data` (422, every fault by
 * pointer into the posted body)
 */
export function checkEvent(parsed: ParsedEvent, catalog: EventCatalog): void {
  const { event, dataPointer, faultAt } = parsed;
  const entry = catalog.find(event.type);
  if (entry === undefined) {
    throw new ServiceError('unknown-event-type', 'no template is fed by this type; see known_types', {
      faults: [faultAt('type', 'is not a known event type')],
      extra: { known_types: catalog.types() },
    });
  }
  const faults = catalog
    .checkData(event.type, event.data)
    .map(({ pointer, detail }) => ({ pointer: `${dataPointer}${pointer}`, detail }));
  const missing = event.channels?.filter((channel) => !entry.channels.includes(channel)) ?? [];
  if (missing.length > 0) {
    const offered = entry.channels.join(', ');
    faults.push(
      faultAt('channels', `${missing.join(', ')} is not offered for this type; offered: ${offered}`),
    );
  }
  if (event.recipient === undefined && !isDirectoryId(event.data['student_id'])) {
    faults.push({
      pointer: `${dataPointer}/student_id`,
      detail: 'give a student_id to look up, or a recipient',
    });
  }
  if (faults.length > 0) {
    throw new ServiceError('invalid-event-data', 'the event is not what its templates need; see errors', {
      faults,
    });
  }
}

function isDirectoryId(value: unknown): boolean {
  return (typeof value === 'string' && value.length > 0) || typeof value === 'number';
}
