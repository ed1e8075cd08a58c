import {
  type EmailAddress,
  type ParsedAddress,
  type PhoneNumber,
  parseEmailAddress,
  parsePhoneNumber,
} from './address.ts';
import { maskEmail, maskPhone } from './mask.ts';

/**
 * The ways in which a message goes out, and all that is decided by them alone. What a stage decides by channel besides
 * stands there as a `Record<Channel, …>` or an exhaustive switch: `test/regression/third-channel.test.ts` adds a channel
 * and lists what the compiler names then.
 */
export const channels = ['email', 'sms'] as const;
export type Channel = (typeof channels)[number];

export const channelTable = {
  email: {
    addressField: 'email',
    isMeant: (text) => text.includes('@'),
    parseAddress: parseEmailAddress,
    maskAddress: maskEmail,
    maskPattern: /^(?:\*{3}|[\x21-\x7e]?\*{3}@[a-z0-9.-]+)$/,
    normaliseAddress: (address) => address.trim().toLowerCase(),
    quoteAddress: (address) => [address, address.replace('+', ''), address.split('@')[0] ?? ''],
  },
  sms: {
    addressField: 'phone',
    isMeant: (text) => !text.includes('@'),
    parseAddress: parsePhoneNumber,
    maskAddress: maskPhone,
    maskPattern: /^\+\d{0,4}\*{4}\d{0,4}$/,
    normaliseAddress: (address) => address.replace(/[\s().-]/g, ''),
    quoteAddress: (address) => [address, address.replace('+', '')],
  },
} as const satisfies { readonly [C in Channel]: ChannelRule<AddressTypes[C]> };

interface AddressTypes {
  readonly email: EmailAddress;
  readonly sms: PhoneNumber;
}

interface ChannelRule<Address extends string> {
  /** The member that holds the address: of a recipient in an event, and of a person in the directory. */
  readonly addressField: string;
  /** Whether a text that is to be an address can be meant for this channel; it can be for one channel alone. */
  readonly isMeant: (text: string) => boolean;
  readonly parseAddress: (text: string) => ParsedAddress<Address>;
  readonly maskAddress: (address: string) => string;
  /** What `maskAddress` returns. */
  readonly maskPattern: RegExp;
  /** One form for all ways to write the same address: the form that is hashed. */
  readonly normaliseAddress: (address: string) => string;
  /** The spellings in which providers quote the address. */
  readonly quoteAddress: (address: string) => readonly string[];
}

export type AddressField = (typeof channelTable)[Channel]['addressField'];

export const addressFields: readonly AddressField[] = channels.map((name) => channelTable[name].addressField);

/** The addresses of one person. */
export type Addresses = {
  readonly [C in Channel as (typeof channelTable)[C]['addressField']]?: AddressTypes[C];
};

/** The channel whose address this text can be meant as. */
export function findChannel(text: string): Channel | undefined {
  return channels.find((name) => channelTable[name].isMeant(text));
}

export function isChannel(value: unknown): value is Channel {
  return channels.some((name) => name === value);
}

/** One value for each channel. */
export function mapChannels<T>(make: (channel: Channel) => T): Record<Channel, T> {
  return Object.fromEntries(channels.map((name) => [name, make(name)])) as Record<Channel, T>;
}

/** The addresses that `parse` finds; a channel for which it returns undefined has none. */
export function collectAddresses(
  parse: (channel: Channel, field: AddressField) => EmailAddress | PhoneNumber | undefined,
): Addresses {
  const found = channels.map((name) => {
    const field = channelTable[name].addressField;
    return [field, parse(name, field)] as const;
  });
  return Object.fromEntries(found.filter(([, address]) => address !== undefined));
}

/** The kinds of work that are queued: events to be planned, and messages to be sent on each channel. */
export const queueNames = ['events', ...channels] as const;
export type QueueName = (typeof queueNames)[number];
