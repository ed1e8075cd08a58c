import type { PointerFault } from '../domain/errors.ts';
import { ServiceError } from '../domain/errors.ts';
import type { IncomingEvent } from '../domain/event.ts';
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
 * offered, and somebody is named who can be written to on one of them (ING-4).
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
  const add = (fault: PointerFault): void => {
    // One fault a place: a field that the schema has named already needs no second remark.
    if (!faults.some(({ pointer }) => pointer === fault.pointer && pointer !== '')) faults.push(fault);
  };
  const missing = event.channels?.filter((channel) => !entry.channels.includes(channel)) ?? [];
  if (missing.length > 0) {
    const offered = entry.channels.join(', ');
    add(faultAt('channels', `${missing.join(', ')} is not offered for this type; offered: ${offered}`));
  }
  if (event.recipient === undefined && !isDirectoryId(event.data['student_id'])) {
    add({ pointer: `${dataPointer}/student_id`, detail: 'give a student_id to look up, or a recipient' });
  }
  const unreachable = missing.length > 0 ? undefined : findUnreachable(event, entry.channels);
  if (unreachable !== undefined) add(faultAt(`recipient/${addressOf[unreachable]}`, repairs[unreachable]));
  if (faults.length > 0) {
    throw new ServiceError('invalid-event-data', 'the event is not what its templates need; see errors', {
      faults,
    });
  }
}

/** Where a recipient has the address of a channel. */
const addressOf = { email: 'email', sms: 'phone' } as const satisfies Record<Channel, string>;
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
  return wanted.some((channel) => recipient[addressOf[channel]] !== undefined) ? undefined : wanted[0];
}

function isDirectoryId(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
