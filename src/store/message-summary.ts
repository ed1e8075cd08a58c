import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { channelTable } from '../domain/channel.ts';
import { type MessageId, shardOf } from '../domain/ids.ts';
import { eraOf } from '../domain/store-mark.ts';
import { askShards } from './ask-shards.ts';
import type { Keys } from './keys.ts';
import { messageRecord } from './message-record.ts';
import { readSummary } from './record-fields.ts';

const summary = messageRecord.pick({
  v: true,
  id: true,
  event: true,
  client: true,
  type: true,
  channel: true,
  category: true,
  mode: true,
  to: true,
  state: true,
  reason: true,
  attempts: true,
  resends: true,
  era: true,
  notAfter: true,
  createdAt: true,
  updatedAt: true,
  firstAttemptAt: true,
  lastError: true,
  provider: true,
  sendAt: true,
  waitsFor: true,
});

/** What a list shows of a message: no address, no data, no draft. */
export type MessageSummary = Readonly<Omit<z.infer<typeof summary>, 'v' | 'to' | 'resends' | 'era'>> & {
  /** Masked. */
  readonly to: string;
  /** An earlier attempt got no response, and the message was queued once more; or the store has forgotten what became of it. */
  readonly mayHaveLeft: boolean;
};

/**
 * The summaries in the order of the ids, in one round trip; `undefined` where there is no such record (any more), and
 * `'unreadable'` where this program cannot read it.
 */
export async function readMessageSummaries(
  redis: Redis,
  keys: Keys,
  ids: readonly MessageId[],
): Promise<(MessageSummary | 'unreadable' | undefined)[]> {
  const [records, storeEra] = await Promise.all([
    Promise.all(
      ids.map(async (id) =>
        shardOf(id) < keys.shards
          ? await readSummary(redis, keys.of(id).message(id), summary, 'message')
          : undefined,
      ),
    ),
    readEra(redis, keys),
  ]);
  return records.map((record) => {
    if (record === undefined || record === 'unreadable') return record;
    const { v: _, resends, era, ...shown } = record;
    const to = channelTable[record.channel].maskAddress(record.to);
    return { ...shown, to, mayHaveLeft: resends > 0 || era < storeEra };
  });
}

async function readEra(redis: Redis, keys: Keys): Promise<number> {
  const eras = await askShards('read lineage', keys, async ({ gate }) => {
    const [lineage, wentBack] = await redis.hmget(gate, 'lineage', 'wentBack');
    return eraOf(lineage ?? '') + (wentBack === null || wentBack === undefined ? 0 : 1);
  });
  return Math.max(...eras);
}
