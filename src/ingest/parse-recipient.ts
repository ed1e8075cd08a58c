import { addressRepairs } from '../domain/address.ts';
import { addressFields, channelTable, collectAddresses } from '../domain/channel.ts';
import { cleanDisplayName } from '../domain/display-name.ts';
import type { InlineRecipient } from '../domain/event.ts';
import { localeRepair, parseLocale } from '../domain/locale.ts';
import { pointerBelow } from '../domain/strict-json.ts';
import { parseTimeZone } from '../domain/time-zone.ts';
import type { JsonObject } from './parse-json.ts';
import { isJsonObject } from './parse-json.ts';
import type { NoteFault } from './raw-event.ts';
import { isAbsent, withoutAbsent } from './raw-event.ts';

export const recipientFields = [...addressFields, 'name', 'locale', 'time_zone'];
const fieldNames: ReadonlySet<string> = new Set(recipientFields);

/**
 * The recipient, an object of `recipientFields`, with one plain address at least, strictly parsed.
 * Every fault is noted under `recipient/…`.
 */
export function parseRecipient(value: unknown, note: NoteFault): InlineRecipient | undefined {
  if (!isJsonObject(value)) return note('recipient', `must be an object with ${addressFields.join(' or ')}`);
  for (const key of Object.keys(value)) {
    if (!fieldNames.has(key)) note(`recipient${pointerBelow('', key)}`, 'is not a member of a recipient');
  }
  if (addressFields.every((field) => isAbsent(value[field])))
    note('recipient', `give ${addressFields.join(' or ')}`);
  const addresses = collectAddresses((channel, field) => {
    const text = value[field];
    if (isAbsent(text)) return undefined;
    if (typeof text !== 'string') return note(`recipient/${field}`, 'must be a string');
    const parsed = channelTable[channel].parseAddress(text);
    return parsed.ok ? parsed.value : note(`recipient/${field}`, addressRepairs[parsed.fault]);
  });
  return withoutAbsent({
    ...addresses,
    name: readText(value, 'name', nameRule, note),
    locale: readText(value, 'locale', localeRule, note),
    timeZone: readText(value, 'time_zone', timeZoneRule, note),
  });
}

interface TextRule {
  readonly parse: (text: string) => string | undefined;
  readonly repair: string;
}

const nameRule: TextRule = {
  parse: cleanDisplayName,
  repair: 'must be 1 to 200 characters on one line',
};
const localeRule: TextRule = { parse: parseLocale, repair: localeRepair };
const timeZoneRule: TextRule = {
  parse: parseTimeZone,
  repair: 'must be an IANA time zone, for example Europe/Paris',
};

function readText(value: JsonObject, field: string, rule: TextRule, note: NoteFault): string | undefined {
  const text = value[field];
  if (isAbsent(text)) return undefined;
  return (typeof text === 'string' ? rule.parse(text) : undefined) ?? note(`recipient/${field}`, rule.repair);
}
