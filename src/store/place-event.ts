import { hash, randomUUID } from 'node:crypto';
import { type EventId, toEventId } from '../domain/ids.ts';
import { chooseShard, hashToId } from './shards.ts';

/** Where an event lies: the shard, and the hash that its idempotency record there is named by. */
export interface EventPlace {
  readonly shard: number;
  readonly idempotency: string;
}

/** The same client and key always give the same place, so that a repeated post finds the first one. */
export function placeEvent(client: string, idempotencyKey: string, shards: number): EventPlace {
  const scoped = `${client}\u0000${idempotencyKey}`;
  return { shard: chooseShard(scoped, shards), idempotency: hashToId(scoped) };
}

/** A new id on the shard: 9 characters of time and 15 random ones, so that ids sort by arrival. */
export function createEventId(shard: number, nowMs: number): EventId {
  // 80 bits of one. Node takes the random bits of many UUIDs from the kernel at once, and no less than one of other kinds.
  const uuid = randomUUID();
  const random = BigInt(`0x${uuid.slice(0, 8)}${uuid.slice(-12)}`)
    .toString(36)
    .padStart(16, '0')
    .slice(-15);
  return toEventId(shard, nowMs.toString(36).padStart(9, '0') + random);
}

/** What two events with one key are compared by: their bodies as they are stored. */
export function fingerprintEvent(body: string): string {
  return hash('sha256', body, 'base64url');
}
