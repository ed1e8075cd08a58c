import { z } from 'zod';
import type { Store } from './keys.ts';
import { callStore, loadScript } from './scripts.ts';
import { readStoreClock } from './store-clock.ts';
import { readStored } from './unreadable-record.ts';

const dropScript = loadScript(new URL('./drop-report.lua', import.meta.url), {
  keys: ['reports'],
  args: ['name', 'text'],
});

/**
 * What processes report of themselves, each under its own name: fields of one hash of the central shard, with the time of the
 * report (`at`, epoch ms of the store's clock). A report counts for `liveMs`, and the hash is kept for four times that
 * long after the last one. One that this program cannot read counts as `unreadable`, where that is given.
 */
export function defineReports<Report extends { readonly at: number }>(
  index: 'senders' | 'preflightReports' | 'providerHealth',
  schema: z.ZodType<Report>,
  liveMs: number,
  unreadable?: (at: number) => Report,
) {
  return {
    drop: async ({ redis, keys }: Store, name: string): Promise<void> => {
      await redis.hdel(keys.central[index], name);
    },
    /** Replaces the last report of this name. Throws `store-unavailable`. */
    write: async ({ redis, keys }: Store, name: string, report: Omit<Report, 'at'>): Promise<void> => {
      const key = keys.central[index];
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
     * The reports that count, by name. Old ones, whichever program wrote them, are dropped on the way. Throws
     * `store-unavailable`.
     */
    read: async ({ redis, keys }: Store): Promise<(Report & { readonly name: string })[]> => {
      const key = keys.central[index];
      const [fields, nowMs] = await Promise.all([
        callStore('read reports', () => redis.hgetall(key)),
        readStoreClock(redis),
      ]);
      const reports = Object.entries(fields).map(([name, text]) => ({ name, text, at: readTime(text) }));
      const isOld = ({ at }: { readonly at: number }): boolean => at < nowMs - liveMs;
      const drop = ({ name, text }: (typeof reports)[number]) =>
        dropScript.run(redis, { reports: key }, { name, text });
      await Promise.all(reports.filter(isOld).map((report) => drop(report).catch(() => undefined)));
      return reports
        .filter((report) => !isOld(report))
        .sort((one, other) => one.name.localeCompare(other.name))
        .flatMap(({ name, text, at }) => {
          const report = readStored(text, schema) ?? unreadable?.(at);
          return report === undefined ? [] : [{ ...report, name }];
        });
    },
  };
}

/** When a report was made, whichever program wrote it; 0 for what is none. */
function readTime(text: string): number {
  try {
    return z.object({ at: z.number() }).parse(JSON.parse(text)).at;
  } catch {
    return 0;
  }
}
