import { z } from 'zod';
import {
  addressRepairs,
  type ParsedAddress,
  parseEmailAddress,
  parsePhoneNumber,
} from '../../domain/address.ts';
import { cleanDisplayName } from '../../domain/display-name.ts';
import { parseLocale } from '../../domain/locale.ts';
import type { Channel } from '../../domain/message.ts';
import type { AddressRemark, DirectoryAnswer } from '../../domain/recipient.ts';
import { parseTimeZone } from '../../domain/time-zone.ts';

/** What a person without a usable locale or time zone gets. */
export interface PersonDefaults {
  readonly locale: string;
  readonly timeZone: string;
}

/** Directories write "nothing" in three ways: absent, null and blank. All mean absent. */
const text = z
  .string()
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
 * The person as a recipient, with strictly parsed addresses. A bad address is never used, for guessing what was meant
 * could write to a stranger; it is told as a remark, naming field and repair but never the address, and the other
 * channel goes on. Only who has nothing but bad addresses is refused. A locale or zone that does not exist is replaced by
 * the default, because it only changes how dates look.
 */
export function parsePerson(person: Person, defaults: PersonDefaults): DirectoryAnswer {
  const email = parseAddress(person.email, parseEmailAddress);
  const phone = parseAddress(person.phone, parsePhoneNumber);
  const remarks = [...toRemark('email', email), ...toRemark('sms', phone)];
  const [first] = remarks;
  if (first !== undefined && !email?.ok && !phone?.ok) return { kind: 'refused', detail: first.detail };
  return {
    kind: 'found',
    recipient: {
      id: person.student_id,
      ...whenGood('email', email),
      ...whenGood('phone', phone),
      ...readHabits(person, defaults),
    },
    ...(first !== undefined && { remarks }),
  };
}

/** What only changes how a message reads. */
function readHabits(person: Person, defaults: PersonDefaults) {
  return {
    ...readName(person.name ?? person.first_name),
    locale: parseLocale(person.locale ?? '') ?? defaults.locale,
    timeZone: parseTimeZone(person.time_zone ?? '') ?? defaults.timeZone,
  };
}

function whenGood<Name extends string, T>(
  name: Name,
  parsed: ParsedAddress<T> | undefined,
): Partial<Record<Name, T>> {
  return parsed?.ok === true ? ({ [name]: parsed.value } as Record<Name, T>) : {};
}

function parseAddress<T>(
  value: string | undefined,
  parse: (text: string) => ParsedAddress<T>,
): ParsedAddress<T> | undefined {
  return value === undefined ? undefined : parse(value);
}

function toRemark(channel: Channel, parsed: ParsedAddress<unknown> | undefined): AddressRemark[] {
  if (parsed === undefined || parsed.ok) return [];
  const field = channel === 'email' ? 'email' : 'phone';
  const repair = addressRepairs[parsed.fault];
  return [{ channel, detail: `${field} in the directory is not usable (${parsed.fault}): ${repair}` }];
}

/** The name on one line, or none: line breaks in a directory are an accident of its forms. */
function readName(name = ''): { name?: string } {
  const line = cleanDisplayName(name.replaceAll(/[\p{Cc}\u2028\u2029\s]+/gu, ' '))?.trim();
  return line === undefined || line === '' ? {} : { name: line };
}
