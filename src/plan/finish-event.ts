import type { Redis } from 'ioredis';
import type { EventState } from '../domain/event.ts';
import type { EventId, MessageId } from '../domain/ids.ts';
import type { AddressRemark } from '../domain/recipient.ts';
import type { Keys } from '../store/keys.ts';
import { loadScript } from '../store/scripts.ts';

const finishScript = loadScript(new URL('./finish-event.lua', import.meta.url), {
  keys: ['event', 'eventsOpen', 'eventsPlanned', 'eventsDead'],
  args: ['id', 'to', 'reason', 'messages', 'retentionMs', 'from', 'remarks', 'replayedBy'],
});

export interface FinishDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly retentionMs: number;
}

export interface EventEnd {
  readonly from: 'accepted' | 'dead';
  readonly to: EventState;
  readonly reason?: string;
  readonly messages?: readonly MessageId[];
  readonly remarks?: readonly AddressRemark[];
  /** Who has a dead event planned again, and why. */
  readonly replayedBy?: string;
}

/** Ends the planning of an event, or has a dead one planned again. False when it is not in `from`: nothing changed. */
export async function finishEvent(deps: FinishDeps, id: EventId, end: EventEnd): Promise<boolean> {
  const { redis, retentionMs } = deps;
  const keys = deps.keys.of(id);
  const { messages = [], remarks = [], reason = '', replayedBy = '', from, to } = end;
  const [outcome] = (await finishScript.run(
    redis,
    { ...keys, event: keys.event(id) },
    {
      id,
      to,
      reason,
      messages: messages.join(' '),
      retentionMs,
      from,
      remarks: remarks.length === 0 ? '' : JSON.stringify(remarks),
      replayedBy,
    },
  )) as string[];
  return outcome === 'done';
}

/**
 * What a person decides about an event that could not be planned: `accepted` has it planned once more from the
 * beginning, `rejected` ends it. False when the event is not dead (any more): then nothing changed.
 */
export function settleDeadEvent(
  deps: FinishDeps,
  id: EventId,
  to: 'accepted' | 'rejected',
  { reason, by }: { readonly reason: string; readonly by: string },
): Promise<boolean> {
  return finishEvent(deps, id, { from: 'dead', to, reason, replayedBy: `${by}: ${reason}` });
}
