import type { Redis } from 'ioredis';
import type { EventId, MessageId } from '../domain/ids.ts';
import type { Keys } from './keys.ts';
import { loadScript } from './scripts.ts';

const script = loadScript(new URL('./park-record.lua', import.meta.url));

export interface Parking {
  readonly redis: Redis;
  readonly keys: Keys;
}

/**
 * Puts an open record aside that this program cannot read, so that no worker takes it up again and again. The
 * reconciler of a program that can read it takes it back. False when it is not open (any more).
 */
export async function parkRecord(
  store: Parking,
  kind: 'events' | 'messages',
  id: EventId | MessageId,
): Promise<boolean> {
  return await moveBetween(store, listIndexes(store, kind, id), id);
}

/** Takes a parked record back among the open ones. */
export async function unparkRecord(
  store: Parking,
  kind: 'events' | 'messages',
  id: EventId | MessageId,
): Promise<boolean> {
  return await moveBetween(store, listIndexes(store, kind, id).toReversed(), id);
}

function listIndexes({ keys }: Parking, kind: 'events' | 'messages', id: EventId | MessageId): string[] {
  const { eventsOpen, eventsParked, messagesOpen, messagesParked } = keys.of(id);
  return kind === 'events' ? [eventsOpen, eventsParked] : [messagesOpen, messagesParked];
}

async function moveBetween({ redis }: Parking, indexes: readonly string[], id: string): Promise<boolean> {
  const [word] = (await script.run(redis, indexes, [id])) as string[];
  return word === 'moved';
}
