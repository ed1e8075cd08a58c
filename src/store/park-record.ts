import type { EventId, MessageId } from '../domain/ids.ts';
import type { Store } from './keys.ts';
import { loadScript } from './scripts.ts';

const script = loadScript(new URL('./park-record.lua', import.meta.url), {
  keys: ['from', 'to'],
  args: ['id'],
});

/**
 * Puts an open record aside that this program cannot read, so that no worker takes it up again and again. The
 * reconciler of a program that can read it takes it back. False when it is not open (any more).
 */
export async function parkRecord(
  store: Store,
  kind: 'events' | 'messages',
  id: EventId | MessageId,
): Promise<boolean> {
  const { open, parked } = indexesOf(store, kind, id);
  return await moveBetween(store, { from: open, to: parked }, id);
}

/** Takes a parked record back among the open ones. */
export async function unparkRecord(
  store: Store,
  kind: 'events' | 'messages',
  id: EventId | MessageId,
): Promise<boolean> {
  const { open, parked } = indexesOf(store, kind, id);
  return await moveBetween(store, { from: parked, to: open }, id);
}

function indexesOf({ keys }: Store, kind: 'events' | 'messages', id: EventId | MessageId) {
  const { eventsOpen, eventsParked, messagesOpen, messagesParked } = keys.of(id);
  return kind === 'events'
    ? { open: eventsOpen, parked: eventsParked }
    : { open: messagesOpen, parked: messagesParked };
}

async function moveBetween(
  { redis }: Store,
  indexes: { readonly from: string; readonly to: string },
  id: string,
): Promise<boolean> {
  const [code] = (await script.run(redis, indexes, { id })) as string[];
  return code === 'moved';
}
