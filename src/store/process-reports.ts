import type { z } from 'zod';
import type { Store } from './keys.ts';
import { callStore } from './scripts.ts';
import { readStoreClock } from './store-clock.ts';
import { readStored } from './unreadable-record.ts';

/**
 * What processes report of themselves, each under its own name: fields of one hash on shard 0, with the time of the
 * report (`at`, epoch ms of the store's clock). A report counts for `liveMs`, and the hash is kept for four times that
 * long after the last one.
 */
export function defineReports<Report extends { readonly at: number }>(
  index: 'senders' | 'preflightReports' | 'providerHealth',
  schema: z.ZodType<Report>,
  liveMs: number,
) {
  const drop = async ({ redis, keys }: Store, name: string): Promise<void> => {
    await redis.hdel(keys.shard(0)[index], name);
  };
  return {
    drop,
    /** Replaces the last report of this name. Throws `store-unavailable`. */
    write: async ({ redis, keys }: Store, name: string, report: Omit<Report, 'at'>): Promise<void> => {
      const key = keys.shard(0)[index];
      const text = JSON.stringify({ at: await readStoreClock(redis), ...report });
      await callStore('write report', () =>
        redis
          .multi()
          .hset(key, name, text)
          .pexpire(key, 4 * liveMs)
          .exec(),
      );
    },
    /**
     * The reports that count, by name. Old ones are dropped on the way; one that this program cannot read is a newer
     * program's to drop. Throws `store-unavailable`.
     */
    read: async (store: Store): Promise<(Report & { readonly name: string })[]> => {
      const [fields, nowMs] = await Promise.all([
        callStore('read reports', () => store.redis.hgetall(store.keys.shard(0)[index])),
        readStoreClock(store.redis),
      ]);
      const reports = Object.entries(fields)
        .sort(([one], [other]) => one.localeCompare(other))
        .flatMap(([name, text]) => {
          const report = readStored(text, schema);
          return report === undefined ? [] : [{ ...report, name }];
        });
      const isOld = ({ at }: Report): boolean => at < nowMs - liveMs;
      await Promise.all(reports.filter(isOld).map(({ name }) => drop(store, name).catch(() => undefined)));
      return reports.filter((report) => !isOld(report));
    },
  };
}
