import type { Parsed } from '../domain/address.ts';
import { addressRepairs, parseEmailAddress, parsePhoneNumber } from '../domain/address.ts';
import type { InlineRecipient } from '../domain/event.ts';
import type { JsonObject } from './parse-json.ts';
import { isJsonObject, pointerBelow } from './parse-json.ts';
import type { NoteFault } from './raw-event.ts';
import { isAbsent, withoutAbsent } from './raw-event.ts';

const fieldNames: ReadonlySet<string> = new Set(['email', 'phone', 'name', 'locale', 'time_zone']);
const namePattern = /^[^\p{Cc}\p{Cs}\u2028\u2029]{1,200}$/u;

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
  parse: (text: string) => Parsed<T>,
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
  parse: (text) => (namePattern.test(text) ? text : undefined),
  repair: 'must be 1 to 200 characters on one line',
};

const localeRule: TextRule = {
  parse: (text) => {
    try {
      return Intl.getCanonicalLocales(text)[0];
    } catch {
      return undefined;
    }
  },
  repair: 'must be a BCP 47 language tag, for example en or fr-CA',
};

const timeZoneRule: TextRule = {
  parse: (text) => (/^[A-Za-z]/.test(text) ? findZone(text) : undefined),
  repair: 'must be an IANA time zone, for example Europe/Paris',
};

function readText(value: JsonObject, field: string, rule: TextRule, note: NoteFault): string | undefined {
  const text = value[field];
  if (isAbsent(text)) return undefined;
  return (typeof text === 'string' ? rule.parse(text) : undefined) ?? note(`recipient/${field}`, rule.repair);
}

/** Zones already found good, by their canonical spelling: as many as there are zones, no more. */
const knownZones = new Set<string>();

function findZone(text: string): string | undefined {
  if (knownZones.has(text)) return text;
  try {
    const zone = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
    knownZones.add(zone);
    return zone;
  } catch {
    return undefined;
  }
}
