import { addressRepairs } from '../domain/address.ts';
import { type Channel, channels, channelTable, findChannel } from '../domain/channel.ts';
import type { FieldError } from '../domain/errors.ts';

export type SuppressionChannel = Channel | 'all';

/** An address as suppressions know it. */
export interface NamedAddress {
  readonly channel: Channel;
  readonly hash: string;
  readonly masked: string;
}

interface GivenAddress {
  readonly address?: string | undefined;
  readonly hash?: string | undefined;
  readonly masked?: string | undefined;
  readonly channel?: SuppressionChannel | undefined;
}

/**
 * The channel, keyed hash and mask of what a person gave: an address (an email address suppresses email, a number
 * SMS) or, from an export, its hash. An error never repeats the address.
 */
export function nameAddress(
  given: GivenAddress,
  hashAddress: (channel: Channel, address: string) => string,
): NamedAddress | FieldError {
  const { address, hash } = given;
  if ((address === undefined) === (hash === undefined))
    return { pointer: '', detail: 'give either an address or the hash of an export' };
  return address === undefined ? nameHash(hash ?? '', given) : nameClear(address, given, hashAddress);
}

function nameClear(
  address: string,
  { channel = 'all' }: GivenAddress,
  hashAddress: (channel: Channel, address: string) => string,
): NamedAddress | FieldError {
  const fits = findChannel(address);
  if (fits === undefined) return { pointer: '/address', detail: 'is an address of no channel' };
  if (channel !== 'all' && channel !== fits)
    return { pointer: '/channel', detail: `this address is one for ${fits}` };
  const { parseAddress, maskAddress } = channelTable[fits];
  const parsed = parseAddress(address);
  if (!parsed.ok) return { pointer: '/address', detail: addressRepairs[parsed.error] };
  return { channel: fits, hash: hashAddress(fits, parsed.value), masked: maskAddress(parsed.value) };
}

function nameHash(
  hash: string,
  { channel = 'all', masked = '***' }: GivenAddress,
): NamedAddress | FieldError {
  if (!/^[0-9a-f]{32}$/.test(hash)) return { pointer: '/hash', detail: 'must be 32 hex digits, as exported' };
  if (channel === 'all')
    return { pointer: '/channel', detail: `a hash belongs to one channel: ${channels.join(' or ')}` };
  // Anything else might be an address in the clear.
  if (!channels.some((name) => channelTable[name].maskPattern.test(masked)))
    return { pointer: '/masked', detail: 'must be a mask, as exported' };
  return { channel, hash, masked };
}
