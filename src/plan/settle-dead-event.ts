import type { Redis } from 'ioredis';
import type { EventId } from '../domain/ids.ts';
import type { Keys } from '../store/keys.ts';
import { loadScript } from '../store/scripts.ts';

/** Ends the planning of an event, or has a dead one planned anew. */
export const finishScript = loadScript(new URL('./finish-event.lua', import.meta.url), {
  keys: ['event', 'eventsOpen', 'eventsPlanned', 'eventsDead'],
  args: ['id', 'to', 'reason', 'messages', 'retentionMs', 'from', 'remarks', 'replayedBy'],
});

export interface DeadEventOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly retentionMs: number;
}

/**
 * What a person decides about an event that could not be planned: `accepted` has it planned once more from the
 * beginning, `rejected` ends it. False when the event is not dead (any more): then nothing changed.
 */
export async function settleDeadEvent(
  options: DeadEventOptions,
  id: EventId,
  to: 'accepted' | 'rejected',
  { reason, by }: { readonly reason: string; readonly by: string },
): Promise<boolean> {
  const { redis, retentionMs } = options;
  const keys = options.keys.of(id);
  const [word] = (await finishScript.run(
    redis,
    { ...keys, event: keys.event(id) },
    { id, to, reason, messages: '', retentionMs, from: 'dead', remarks: '', replayedBy: `${by}: ${reason}` },
  )) as string[];
  return word === 'done';
}
