import { hash } from 'node:crypto';

/** The shard of anything that can be named: the same name is always on the same shard. */
export function chooseShard(name: string, shards: number): number {
  return shards === 1 ? 0 : hash('sha256', name, 'buffer').readUInt32BE(0) % shards;
}

/** 24 characters of `[0-9a-z]` from a SHA-256 of the parts: a stable id for what the parts name. */
export function hashToId(...parts: readonly string[]): string {
  const digest = hash('sha256', parts.join('\u0000'), 'hex');
  return BigInt(`0x${digest}`).toString(36).padStart(50, '0').slice(-24);
}
