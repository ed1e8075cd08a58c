import { createHmac } from 'node:crypto';

import { type Channel, channelTable } from '../domain/channel.ts';

/**
 * The searchable stand-in for an address in logs: 128 bits of HMAC-SHA-256 in hex. Equal for every way to write
 * the same address (letter case of an email; spaces, dots, dashes and brackets of a number), different per
 * channel, and not to be guessed without the key: plain hashes of phone numbers can be tried one by one.
 *
 * @throws RangeError when the key is shorter than 16 bytes.
 */
export function hashAddress(key: string | Uint8Array, channel: Channel, address: string): string {
  if (Buffer.byteLength(key) < 16) throw new RangeError('the key for address hashes needs at least 16 bytes');
  return createHmac('sha256', key)
    .update(`${channel}\n${channelTable[channel].normaliseAddress(address)}`)
    .digest('hex')
    .slice(0, 32);
}
