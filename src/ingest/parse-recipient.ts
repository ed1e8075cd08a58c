import type { ParsedAddress } from '../domain/address.ts';
import { addressRepairs, parseEmailAddress, parsePhoneNumber } from '../domain/address.ts';
import { cleanDisplayName } from '../domain/display-name.ts';
import type { InlineRecipient } from '../domain/event.ts';
import { localeRepair, parseLocale } from '../domain/locale.ts';
import { pointerBelow } from '../domain/strict-json.ts';
import { parseTimeZone } from '../domain/time-zone.ts';
import type { JsonObject } from './parse-json.ts';
import { isJsonObject } from './parse-json.ts';
import type { NoteFault } from './raw-event.ts';
import { isAbsent, withoutAbsent } from './raw-event.ts';

const fieldNames: ReadonlySet<string> = new Set(['email', 'phone', 'name', 'locale', 'time_zone']);

/**
 * The recipient `{email?, phone?, name?, locale?, time_zone?}` with one plain address at least, strictly parsed.
 * Every fault is noted under `recipient/…`.
 */
export function parseRecipient(value: unknown, note: NoteFault): InlineRecipient | undefined {
  if (!isJsonObject(value)) return note('recipient', 'must be an object with email or phone');
  for (const key of Object.keys(value)) {
    if (!fieldNames.has(key)) note(`recipient${pointerBelow('', key)}`, 'is not a member of a recipient');
  }
  if (isAbsent(value['email']) && isAbsent(value['phone'])) note('recipient', 'give an email or a phone');
  return withoutAbsent({
    email: readAddress(value['email'], parseEmailAddress, (detail) => note('recipient/email', detail)),
    phone: readAddress(value['phone'], parsePhoneNumber, (detail) => note('recipient/phone', detail)),
    name: readText(value, 'name', nameRule, note),
    locale: readText(value, 'locale', localeRule, note),
    timeZone: readText(value, 'time_zone', timeZoneRule, note),
  });
}

function readAddress<T>(
  value: unknown,
  parse: (text: string) => ParsedAddress<T>,
  note: (detail: string) => undefined,
): T | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'string') return note('must be a string');
  const parsed = parse(value);
  return parsed.ok ? parsed.value : note(addressRepairs[parsed.fault]);
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
