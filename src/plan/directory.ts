import { z } from 'zod';
import { addressRepairs } from '../domain/address.ts';
import { type AddressField, addressFields, channelTable, collectAddresses } from '../domain/channel.ts';
import { cleanDisplayName } from '../domain/display-name.ts';
import { parseLocale } from '../domain/locale.ts';
import { type AddressRemark, type DirectoryResult, recipientDefaults } from '../domain/recipient.ts';
import { parseTimeZone } from '../domain/time-zone.ts';

/** Where recipients are looked up by their id (PLN-2). */
export interface Directory {
  /**
   * The person with this id, within a bounded time. Never throws: what went wrong is `unreachable`, which may be
   * tried again, or `refused`, which is final. No detail holds an address. Once the signal aborts, the result is
   * `unreachable` at once. A person that is found may have no address at all: the caller decides what that means.
   */
  lookUpRecipient(id: string, signal: AbortSignal): Promise<DirectoryResult>;
}

/** Directories write "nothing" in three ways: absent, null and blank. All mean absent. */
const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || undefined);

const addressTexts = Object.fromEntries(addressFields.map((field) => [field, text])) as Record<
  AddressField,
  typeof text
>;

const about = z.object({ name: text, first_name: text, ...addressTexts, locale: text, time_zone: text });
const idText = z.union([z.string().min(1), z.number().int()]).transform(String);

/**
 * A person as directories describe one, with the id in the field of that name. Other members are dropped: what we do not
 * need we do not hold.
 */
export function createPersonSchema(idField: string) {
  const identity = z.object({ [idField]: idText }).transform((found) => ({ id: found[idField] ?? '' }));
  return z.intersection(identity, about);
}
export type Person = z.infer<ReturnType<typeof createPersonSchema>>;

/**
 * The person as a recipient, with strictly parsed addresses. A bad address is never used, for guessing what was meant
 * could write to a stranger; it is told as a remark, naming field and repair but never the address, and the other
 * channel goes on. Only who has nothing but bad addresses is refused. A locale or zone that does not exist is replaced by
 * the default, because it only changes how dates look.
 */
export function parsePerson(person: Person): DirectoryResult {
  const remarks: AddressRemark[] = [];
  const addresses = collectAddresses((channel, field) => {
    const given = person[field];
    if (given === undefined) return undefined;
    const parsed = channelTable[channel].parseAddress(given);
    if (parsed.ok) return parsed.value;
    const repair = addressRepairs[parsed.error];
    const detail = `${field} in the directory is not usable (${parsed.error}): ${repair}`;
    remarks.push({ channel, detail });
    return undefined;
  });
  const [first] = remarks;
  if (first !== undefined && Object.keys(addresses).length === 0)
    return { kind: 'refused', detail: first.detail };
  const recipient = {
    id: person.id,
    ...addresses,
    ...readName(person.name ?? person.first_name),
    locale: parseLocale(person.locale ?? '') ?? recipientDefaults.locale,
    timeZone: parseTimeZone(person.time_zone ?? '') ?? recipientDefaults.timeZone,
  };
  return { kind: 'found', recipient, ...(first !== undefined && { remarks }) };
}

/** The name on one line, or none: line breaks in a directory are an accident of its forms. */
function readName(name = ''): { name?: string } {
  const line = cleanDisplayName(name.replaceAll(/[\p{Cc}\u2028\u2029\s]+/gu, ' '))?.trim();
  return line ? { name: line } : {};
}
