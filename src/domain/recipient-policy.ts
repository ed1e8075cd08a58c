import { domainOf, type EmailAddress, parseEmailAddress, parsePhoneNumber } from './address.ts';
import { type Addresses, type Channel, channelTable } from './channel.ts';

/** Who may be reached (GAT-7). Outside production it is never `everyone`. */
export type RecipientPolicy =
  | { readonly kind: 'everyone' }
  /** An empty list: nobody. */
  | { readonly kind: 'allow-list'; readonly entries: readonly AllowListEntry[] }
  /** Everything goes to one address of ours; a channel without one reaches nobody. */
  | ({ readonly kind: 'redirect' } & Addresses);

export type AllowListEntry =
  /** Compared whole, in lower case. */
  | { readonly kind: 'email'; readonly address: string }
  /** This domain exactly; its sub-domains are others. */
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'phone'; readonly number: string }
  /** `+` and at least six digits. */
  | { readonly kind: 'phone-prefix'; readonly prefix: string };

export type ParsedAllowList =
  | { readonly ok: true; readonly entries: readonly AllowListEntry[] }
  | { readonly ok: false; readonly errors: readonly string[] };

/**
 * Entries separated by commas or white space: `jo@example.com`, `@example.com`, `+15555550100`, `+1555555*`.
 * Every entry that is none of these is an error, listed with its position; then nothing is allowed.
 */
export function parseAllowList(text: string): ParsedAllowList {
  const entries: AllowListEntry[] = [];
  const errors: string[] = [];
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  for (const [index, word] of words.entries()) {
    const entry = parseEntry(word);
    if (entry === undefined) errors.push(`entry ${index + 1}: ${repairs[kindOf(word)]}`);
    else entries.push(entry);
  }
  return errors.length === 0 ? { ok: true, entries } : { ok: false, errors };
}

/**
 * True when the policy lets a message for `address` leave, to that address or to the redirect address. The
 * address is parsed again here: what is not plainly one address is never allowed, not even by `everyone`.
 */
export function isRecipientAllowed(policy: RecipientPolicy, channel: Channel, address: string): boolean {
  const { parseAddress, addressField } = channelTable[channel];
  const parsed = parseAddress(address);
  if (!parsed.ok) return false;
  switch (policy.kind) {
    case 'everyone':
      return true;
    case 'allow-list':
      return policy.entries.some((entry) => namesAddress[channel](entry, parsed.value));
    case 'redirect':
      return policy[addressField] !== undefined;
  }
}

/** Whether an entry names an address of the channel. */
const namesAddress: Readonly<Record<Channel, (entry: AllowListEntry, address: string) => boolean>> = {
  email: (entry, address) =>
    (entry.kind === 'email' && address.toLowerCase() === entry.address) ||
    (entry.kind === 'domain' && domainOf(address as EmailAddress) === entry.domain),
  sms: (entry, address) =>
    (entry.kind === 'phone' && address === entry.number) ||
    (entry.kind === 'phone-prefix' && address.startsWith(entry.prefix)),
};

function parseEntry(word: string): AllowListEntry | undefined {
  switch (kindOf(word)) {
    case 'phone-prefix':
      return /^\+[1-9]\d{5,14}\*$/.test(word)
        ? { kind: 'phone-prefix', prefix: word.slice(0, -1) }
        : undefined;
    case 'phone': {
      const parsed = parsePhoneNumber(word);
      return parsed.ok ? { kind: 'phone', number: parsed.value } : undefined;
    }
    case 'domain': {
      const parsed = parseEmailAddress(`any${word}`);
      return parsed.ok ? { kind: 'domain', domain: domainOf(parsed.value) } : undefined;
    }
    case 'email': {
      const parsed = parseEmailAddress(word);
      // `*@ok.test` is a legal address and never what was meant.
      return parsed.ok && !word.includes('*')
        ? { kind: 'email', address: parsed.value.toLowerCase() }
        : undefined;
    }
  }
}

function kindOf(word: string): AllowListEntry['kind'] {
  if (word.startsWith('+') && !word.includes('@')) return word.endsWith('*') ? 'phone-prefix' : 'phone';
  return word.startsWith('@') ? 'domain' : 'email';
}

const repairs: Readonly<Record<AllowListEntry['kind'], string>> = {
  email: 'not one plain address such as jo@example.com',
  domain: 'not a full domain such as @example.com (its sub-domains need entries of their own)',
  phone: 'not a number in E.164 form such as +15555550123',
  'phone-prefix': 'a number prefix is +, at least six digits and *, such as +1555555*',
};
