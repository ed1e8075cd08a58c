import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { EventId } from '../domain/ids.ts';

export interface SealingKey {
  /** Written before what it seals, so that it is found again after a rotation. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Keeps tokens so that whoever reads the store, its files or a backup cannot use them. */
export interface TokenSeal {
  seal(token: string, eventId: EventId): string;
  /** The token; `undefined` when its key is not at hand, or when it was sealed for another event or changed since. */
  open(sealed: string, eventId: EventId): string | undefined;
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals with the first key and opens with any of them: put a new key first, drop the old one when what it sealed
 * is gone. AES-256-GCM with a random nonce (NIST SP 800-38D §8.2.2: safe for 2^32 tokens a key); the event id is
 * bound in, so a sealed token that is copied to another event does not open there. Without keys there is no seal.
 */
export function createTokenSeal(keys: readonly SealingKey[]): TokenSeal | undefined {
  const [first] = keys;
  if (first === undefined) return undefined;
  return {
    seal: (token, eventId) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, first.key, nonce).setAAD(Buffer.from(eventId));
      const content = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
      return `${first.id}.${Buffer.concat([nonce, cipher.getAuthTag(), content]).toString('base64url')}`;
    },
    open: (sealed, eventId) => {
      const [id, text = ''] = sealed.split('.');
      const known = keys.find((one) => one.id === id);
      return known === undefined ? undefined : openWith(known, Buffer.from(text, 'base64url'), eventId);
    },
  };
}

function openWith({ key }: SealingKey, bytes: Buffer, eventId: EventId): string | undefined {
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const contentAt = nonceBytes + tagBytes;
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(Buffer.from(eventId))
    .setAuthTag(bytes.subarray(nonceBytes, contentAt));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(contentAt)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
