import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type EventState, eventStates } from '../domain/event.ts';
import { type EventId, shardOf } from '../domain/ids.ts';
import type { Keys } from './keys.ts';
import type { SendMode } from './message-record.ts';
import { toStoreError } from './scripts.ts';
import { isOurVersion } from './unreadable-record.ts';

/** What a list shows of an event: nothing of its body. */
export interface EventBrief {
  readonly id: EventId;
  readonly state: EventState;
  readonly reason: string;
  readonly client: string;
  readonly type: string;
  readonly mode: SendMode;
  readonly receivedAt: number;
  /** When its planning ended. */
  readonly plannedAt?: number | undefined;
}

const names = ['v', 'state', 'reason', 'client', 'type', 'mode', 'receivedAt', 'plannedAt'] as const;
const brief = z.object({
  state: z.enum(eventStates),
  reason: z.string().default(''),
  client: z.string(),
  type: z.string(),
  mode: z.enum(['dry_run', 'testing', 'production']),
  receivedAt: z.coerce.number(),
  plannedAt: z.coerce.number().optional(),
});

/**
 * The briefs in the order of the ids, in one round trip; `undefined` where there is no such record (any more), and
 * `'unreadable'` where this program cannot read it.
 */
export async function readEventBriefs(
  redis: Redis,
  keys: Keys,
  ids: readonly EventId[],
): Promise<(EventBrief | 'unreadable' | undefined)[]> {
  const rows = await Promise.all(ids.map((id) => readFields(redis, keys, id)));
  return rows.map((fields, index) => {
    const id = ids[index];
    if (id === undefined || fields?.['state'] === undefined) return undefined;
    const data = isOurVersion(fields) ? brief.safeParse(fields).data : undefined;
    return data === undefined ? 'unreadable' : { id, ...data };
  });
}

async function readFields(
  redis: Redis,
  keys: Keys,
  id: EventId,
): Promise<Record<string, string | undefined> | undefined> {
  if (shardOf(id) >= keys.shards) return undefined;
  try {
    const values = await redis.hmget(keys.of(id).event(id), ...names);
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? undefined]));
  } catch (error) {
    throw toStoreError('read event', error);
  }
}
