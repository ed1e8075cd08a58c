import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { type EventId, shardOf } from '../domain/ids.ts';
import { eventRecord } from './event-record.ts';
import type { Keys } from './keys.ts';
import { readSummary } from './record-fields.ts';

const summary = eventRecord.pick({
  v: true,
  state: true,
  reason: true,
  client: true,
  type: true,
  mode: true,
  receivedAt: true,
  plannedAt: true,
});

/** What a list shows of an event: nothing of its body. */
export type EventSummary = Readonly<z.infer<typeof summary>> & { readonly id: EventId };

/**
 * The summaries in the order of the ids, in one round trip; `undefined` where there is no such record (any more), and
 * `'unreadable'` where this program cannot read it.
 */
export async function readEventSummaries(
  redis: Redis,
  keys: Keys,
  ids: readonly EventId[],
): Promise<(EventSummary | 'unreadable' | undefined)[]> {
  return await Promise.all(
    ids.map(async (id) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const record = await readSummary(redis, keys.of(id).event(id), summary);
      return record === undefined || record === 'unreadable' ? record : { id, ...record };
    }),
  );
}
