import type { Redis } from 'ioredis';
import type { EventId } from '../domain/ids.ts';
import type { Keys } from '../store/keys.ts';
import { loadScript } from '../store/scripts.ts';

const script = loadScript(new URL('./finish-event.lua', import.meta.url));

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
  const [word] = (await script.run(
    redis,
    [keys.event(id), keys.eventsOpen, keys.eventsPlanned, keys.eventsDead],
    [id, to, reason, '', retentionMs, 'dead', '', `${by}: ${reason}`],
  )) as string[];
  return word === 'done';
}
