import { z } from 'zod';
import type { Store } from './keys.ts';
import { callStore } from './scripts.ts';
import { readStoreClock } from './store-clock.ts';
import { readStored } from './unreadable-record.ts';

/** How often a process says how its lines of the production guard stand, and how long its word counts. */
export const preflightReportEveryMs = 10_000;
const keptMs = 35_000;

/** The lines of the production guard that a running process fails. */
export interface PreflightReport {
  /** `send-messages on host:17`. */
  readonly name: string;
  readonly failing: readonly string[];
}

const reportSchema = z.object({ at: z.number(), failing: z.array(z.string()) });

/**
 * Each process has secrets that the others have not, so none can judge all lines alone: it says here which of its own
 * fail. In place of what it said before.
 */
export async function writePreflightReport({ redis, keys }: Store, report: PreflightReport): Promise<void> {
  const { guardReports } = keys.shard(0);
  const text = JSON.stringify({ at: await readStoreClock(redis), failing: report.failing });
  await callStore('write guard report', () =>
    redis
      .multi()
      .hset(guardReports, report.name, text)
      .pexpire(guardReports, 4 * keptMs)
      .exec(),
  );
}

/** Takes back what a process said. */
export async function dropPreflightReport({ redis, keys }: Store, name: string): Promise<void> {
  await redis.hdel(keys.shard(0).guardReports, name);
}

/** What the running processes say, by name; what dead ones said counts no more. */
export async function readPreflightReports({ redis, keys }: Store): Promise<readonly PreflightReport[]> {
  const storeMs = await readStoreClock(redis);
  return await callStore('read guard reports', async () => {
    const fields = Object.entries(await redis.hgetall(keys.shard(0).guardReports));
    return fields
      .sort(([one], [other]) => one.localeCompare(other))
      .flatMap(([name, text]) => {
        const report = readStored(text, reportSchema);
        return report === undefined || report.at < storeMs - keptMs
          ? []
          : [{ name, failing: report.failing }];
      });
  });
}
