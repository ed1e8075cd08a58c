import { z } from 'zod';
import {
  type AddressFault,
  addressRepairs,
  type Parsed,
  parseEmailAddress,
  parsePhoneNumber,
} from '../../domain/address.ts';
import type { DirectoryAnswer } from '../../domain/recipient.ts';

/** What a person without a usable locale or time zone gets. */
export interface PersonDefaults {
  readonly locale: string;
  readonly timeZone: string;
}

/** Directories write "nothing" in three ways: absent, null and blank. All mean absent. */
const text = z
  .string()
  .max(1000)
  .nullish()
  .transform((value) => value?.trim() || undefined);

/** Other members are dropped: what we do not need we do not hold. */
export const personSchema = z.object({
  student_id: z.union([z.string().min(1), z.number().int()]).transform(String),
  name: text,
  first_name: text,
  email: text,
  phone: text,
  locale: text,
  time_zone: text,
});
export type Person = z.infer<typeof personSchema>;

/**
 * The person as a recipient, with strictly parsed addresses. One bad address refuses the whole person, naming field
 * and repair but never the address: guessing what was meant could write to a stranger. A locale or zone that does
 * not exist is replaced by the default, because it only changes how dates look.
 */
export function parsePerson(person: Person, defaults: PersonDefaults): DirectoryAnswer {
  const email = parseAddress(person.email, parseEmailAddress);
  if (email?.ok === false) return refuse('email', email.fault);
  const phone = parseAddress(person.phone, parsePhoneNumber);
  if (phone?.ok === false) return refuse('phone', phone.fault);
  return {
    kind: 'found',
    recipient: {
      id: person.student_id,
      ...(email && { email: email.value }),
      ...(phone && { phone: phone.value }),
      ...readName(person.name ?? person.first_name),
      locale: isLocale(person.locale) ? person.locale : defaults.locale,
      timeZone: isTimeZone(person.time_zone) ? person.time_zone : defaults.timeZone,
    },
  };
}

function parseAddress<T>(
  value: string | undefined,
  parse: (text: string) => Parsed<T>,
): Parsed<T> | undefined {
  return value === undefined ? undefined : parse(value);
}

function refuse(field: 'email' | 'phone', fault: AddressFault): DirectoryAnswer {
  return {
    kind: 'refused',
    detail: `${field} in the directory is not usable (${fault}): ${addressRepairs[fault]}`,
  };
}

/** One line of at most 200 characters, or no name: it ends up in headers and in text messages. */
function readName(name = ''): { name?: string } {
  // Controls, line separators and the marks that turn the reading direction of what follows.
  const line = name.replaceAll(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069\s]+/gu, ' ').trim();
  return line === '' || line.length > 200 ? {} : { name: line };
}

function isLocale(tag: string | undefined): tag is string {
  if (tag === undefined) return false;
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function isTimeZone(zone: string | undefined): zone is string {
  if (zone === undefined) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
