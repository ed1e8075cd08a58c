import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** What seals the lines of the audit chain. Whoever can write to the store, and has not this key, can forge none. */
export interface AuditKey {
  /** Written into each seal, so that lines sealed with an older key are distinguished from forged ones. */
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * The key of the audit chain, derived (HKDF, RFC 5869) from `ADDRESS_HASH_KEY`, which every process of the service has:
 * one secret less to keep, and neither reveals anything of the other.
 */
export function deriveAuditKey(addressHashKey: string): AuditKey {
  const derive = (label: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', addressHashKey, '', `auto_com_center ${label}`, bytes));
  return {
    id: derive('audit key id', 4).toString('hex'),
    key: createSecretKey(derive('audit seal', 32)),
  };
}
