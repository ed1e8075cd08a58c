import { addressRepairs } from '../domain/address.ts';
import { addressFields, channelTable, collectAddresses } from '../domain/channel.ts';
import { cleanDisplayName } from '../domain/display-name.ts';
import type { InlineRecipient } from '../domain/event.ts';
import { localeRepair, parseLocale } from '../domain/locale.ts';
import { pointerBelow } from '../domain/strict-json.ts';
import { parseTimeZone } from '../domain/time-zone.ts';
import { isJsonObject } from './parse-json.ts';
import { isAbsent, type NoteError, withoutAbsent } from './raw-event.ts';

export const recipientFields: readonly string[] = [...addressFields, 'name', 'locale', 'time_zone'];

/**
 * The recipient, an object of `recipientFields`, with one plain address at least, strictly parsed.
 * Every error is noted under `recipient/…`.
 */
export function parseRecipient(value: unknown, note: NoteError): InlineRecipient | undefined {
  if (!isJsonObject(value)) return note('recipient', `must be an object with ${addressFields.join(' or ')}`);
  for (const key of Object.keys(value)) {
    if (!recipientFields.includes(key))
      note(`recipient${pointerBelow('', key)}`, 'is not a member of a recipient');
  }
  if (addressFields.every((field) => isAbsent(value[field])))
    note('recipient', `give ${addressFields.join(' or ')}`);
  const addresses = collectAddresses((channel, field) => {
    const text = value[field];
    if (isAbsent(text)) return undefined;
    if (typeof text !== 'string') return note(`recipient/${field}`, 'must be a string');
    const parsed = channelTable[channel].parseAddress(text);
    return parsed.ok ? parsed.value : note(`recipient/${field}`, addressRepairs[parsed.error]);
  });
  const readText = (field: string, parse: (text: string) => string | undefined, repair: string) => {
    const text = value[field];
    if (isAbsent(text)) return undefined;
    return (typeof text === 'string' ? parse(text) : undefined) ?? note(`recipient/${field}`, repair);
  };
  return withoutAbsent({
    ...addresses,
    name: readText('name', cleanDisplayName, 'must be 1 to 200 characters on one line'),
    locale: readText('locale', parseLocale, localeRepair),
    timeZone: readText('time_zone', parseTimeZone, 'must be an IANA time zone, for example Europe/Paris'),
  });
}
