/**
 * Strict addresses. One plain address or nothing: mail libraries have a history of reading a list, a group or
 * a comment where a check saw one address (CVE-2025-13033, CVE-2026-110870, CVE-2026-125755), so whatever is
 * not plainly one address is refused here, before any library sees it.
 */
declare const brand: unique symbol;
export type EmailAddress = string & { readonly [brand]: 'EmailAddress' };
/** E.164: `+`, then 7 to 15 digits, the first not 0. */
export type PhoneNumber = string & { readonly [brand]: 'PhoneNumber' };

export type AddressError =
  | 'empty'
  | 'too-long'
  | 'not-plain-ascii'
  | 'not-one-address'
  | 'bad-local-part'
  | 'leads-elsewhere'
  | 'bad-domain'
  | 'not-e164';

export type ParsedAddress<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: AddressError };

const localPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/**
 * What a local part may spell and must not say, because some systems read it as another place or as a command: the
 * percent hack and bang paths (RFC 5321 §3.6.3 and appendix F.2 leave source routes behind), a pipe or a file, an
 * option of a command line, an X.400 address, an encoded word (RFC 2047), an expansion of a configuration.
 */
const elsewhere = /[%!|]|=\?|\$\{|^[-/]/;
const domainLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const e164 = /^\+[1-9]\d{6,14}$/;

/**
 * One addr-spec in dot-atom form (RFC 5321 §4.1.2 without quoted strings and address literals), domain
 * lower-cased. Comments, lists, groups, display names, quotes, white space, control characters and
 * non-ASCII letters are refused; an internationalised domain is given as punycode (`xn--…`).
 */
export function parseEmailAddress(text: string): ParsedAddress<EmailAddress> {
  if (text.length === 0) return fail('empty');
  if (text.length > 254) return fail('too-long');
  if (!/^[\x21-\x7e]+$/.test(text)) return fail('not-plain-ascii');
  if (/[,;:<>()[\]"\\]/.test(text)) return fail('not-one-address');
  const at = text.indexOf('@');
  if (at < 1 || at !== text.lastIndexOf('@')) return fail('not-one-address');
  return joinParts(text.slice(0, at), text.slice(at + 1).toLowerCase());
}

function joinParts(local: string, domain: string): ParsedAddress<EmailAddress> {
  if (local.length > 64 || !localPart.test(local)) return fail('bad-local-part');
  if (elsewhere.test(local)) return fail('leads-elsewhere');
  if (!isDomainName(domain)) return fail('bad-domain');
  return { ok: true, value: `${local}@${domain}` as EmailAddress };
}

/** One E.164 number (ITU-T E.164), nothing else: no spaces, no extension, no national form. */
export function parsePhoneNumber(text: string): ParsedAddress<PhoneNumber> {
  if (text.length === 0) return fail('empty');
  return e164.test(text) ? { ok: true, value: text as PhoneNumber } : fail('not-e164');
}

/** The domain after the only `@`, lower-case. */
export function domainOf(address: EmailAddress): string {
  return address.slice(address.indexOf('@') + 1);
}

/** The repair of each error, for people. */
export const addressRepairs: Readonly<Record<AddressError, string>> = {
  empty: 'give an address',
  'too-long': 'an address has at most 254 characters',
  'not-plain-ascii': 'use printable ASCII only; write an internationalised domain as punycode (xn--…)',
  'not-one-address':
    'give exactly one plain address such as jo@example.com: no name, list, comment or brackets',
  'bad-local-part': 'the part before @ must be a plain dot-atom of at most 64 characters',
  'leads-elsewhere':
    'the part before @ must not hold % ! | =? or ${ and not begin with - or /: it could name another place',
  'bad-domain': 'the part after @ must be a full domain name such as example.com',
  'not-e164': 'give the number in E.164 form, for example +15555550123',
};

function isDomainName(domain: string): boolean {
  const labels = domain.split('.');
  const last = labels.at(-1) ?? '';
  return (
    labels.length >= 2 &&
    domain.length <= 253 &&
    labels.every((label) => domainLabel.test(label)) &&
    !/^\d+$/.test(last)
  );
}

function fail<T>(error: AddressError): ParsedAddress<T> {
  return { ok: false, error };
}
