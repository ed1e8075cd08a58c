import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type Channel, channels, channelTable } from '../domain/channel.ts';
import { type EventId, type MessageId, shardOf } from '../domain/ids.ts';
import { type Category, categories, type MessageState, messageStates } from '../domain/message.ts';
import { eraOf } from '../domain/store-mark.ts';
import type { Keys } from './keys.ts';
import type { SendMode } from './message-record.ts';
import { toStoreError } from './scripts.ts';
import { isOurVersion } from './unreadable-record.ts';

/** What a list shows of a message: no address, no data, no draft. */
export interface MessageBrief {
  readonly id: MessageId;
  readonly event: EventId;
  readonly client: string;
  readonly type: string;
  readonly channel: Channel;
  readonly category: Category;
  readonly mode: SendMode;
  /** Masked. */
  readonly to: string;
  readonly state: MessageState;
  readonly reason: string;
  readonly attempts: number;
  /** An earlier attempt got no answer, and the message was queued once more; or the store has forgotten what became of it. */
  readonly mayHaveLeft: boolean;
  readonly notAfter?: number | undefined;
  readonly createdAt: number;
  /** When it came into its state. */
  readonly updatedAt: number;
  readonly firstAttemptAt?: number | undefined;
  readonly lastError?: string | undefined;
  readonly provider?: string | undefined;
  /** Not before then (epoch ms). */
  readonly sendAt?: number | undefined;
  /** What it last waited for, while its index says that it waits. */
  readonly waitsFor?: string | undefined;
}

const names = [
  'v',
  'id',
  'event',
  'client',
  'type',
  'channel',
  'category',
  'mode',
  'to',
  'state',
  'reason',
  'attempts',
  'resends',
  'era',
  'notAfter',
  'createdAt',
  'updatedAt',
  'firstAttemptAt',
  'lastError',
  'provider',
  'sendAt',
  'waitsFor',
] as const;

const optionalNumber = z.coerce.number().optional();
const brief = z
  .object({
    id: z.string().transform((id) => id as MessageId),
    event: z.string().transform((id) => id as EventId),
    client: z.string(),
    type: z.string(),
    channel: z.enum(channels),
    category: z.enum(categories),
    mode: z.enum(['dry_run', 'testing', 'production']),
    to: z.string(),
    state: z.enum(messageStates),
    reason: z.string().default(''),
    attempts: z.coerce.number().default(0),
    resends: z.coerce.number().default(0),
    era: z.coerce.number().default(1),
    notAfter: optionalNumber,
    createdAt: z.coerce.number(),
    updatedAt: z.coerce.number(),
    firstAttemptAt: optionalNumber,
    lastError: z.string().optional(),
    provider: z.string().optional(),
    sendAt: optionalNumber,
    waitsFor: z.string().optional(),
  })
  .transform((fields) => ({ ...fields, to: channelTable[fields.channel].maskAddress(fields.to) }));

/**
 * The briefs in the order of the ids, in one round trip; `undefined` where there is no such record (any more), and
 * `'unreadable'` where this program cannot read it.
 */
export async function readMessageBriefs(
  redis: Redis,
  keys: Keys,
  ids: readonly MessageId[],
): Promise<(MessageBrief | 'unreadable' | undefined)[]> {
  const [rows, storeEra] = await Promise.all([
    Promise.all(ids.map((id) => readFields(redis, keys, id))),
    readEra(redis, keys),
  ]);
  return rows.map((row) => {
    if (row?.['state'] === undefined) return undefined;
    if (!isOurVersion(row)) return 'unreadable';
    const { data } = brief.safeParse(row);
    if (data === undefined) return 'unreadable';
    const { resends, era, ...fields } = data;
    return { ...fields, mayHaveLeft: resends > 0 || era < storeEra };
  });
}

async function readEra(redis: Redis, keys: Keys): Promise<number> {
  try {
    const [lineage, wentBack] = await redis.hmget(keys.shard(0).gate, 'lineage', 'wentBack');
    return eraOf(lineage ?? '') + (wentBack === null || wentBack === undefined ? 0 : 1);
  } catch (error) {
    throw toStoreError('read lineage', error);
  }
}

async function readFields(
  redis: Redis,
  keys: Keys,
  id: MessageId,
): Promise<Record<string, string | undefined> | undefined> {
  if (shardOf(id) >= keys.shards) return undefined;
  try {
    const values = await redis.hmget(keys.of(id).message(id), ...names);
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? undefined]));
  } catch (error) {
    throw toStoreError('read message', error);
  }
}
