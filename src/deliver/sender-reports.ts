import { z } from 'zod';
import type { ProviderStatus } from '../providers/choose-provider.ts';
import type { SenderView } from '../providers/provider-report.ts';
import type { Store } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { readStored } from '../store/unreadable-record.ts';

/** How often a sender says what it knows, and how long its word counts, by the store's clock. */
export const reportEveryMs = 2_000;
const reportKeptMs = 15_000;

const reportSchema = z.object({
  at: z.number(),
  providers: z.array(
    z.object({
      provider: z.string(),
      breaker: z.enum(['closed', 'open', 'half-open']),
      openForMs: z.number().optional(),
      blockedForMs: z.number().optional(),
    }),
  ),
});
type Report = z.infer<typeof reportSchema>;

/** Tells everybody what this sender knows of its providers, in place of what it said before. */
export async function writeSenderReport(
  { redis, keys }: Store,
  sender: string,
  providers: readonly ProviderStatus[],
): Promise<void> {
  const { senders } = keys.shard(0);
  const report = JSON.stringify({ at: await readStoreClock(redis), providers });
  await callStore('write sender report', () =>
    redis
      .multi()
      .hset(senders, sender, report)
      .pexpire(senders, 4 * reportKeptMs)
      .exec(),
  );
}

/** Takes back what a sender said. */
export async function dropSenderReport({ redis, keys }: Store, sender: string): Promise<void> {
  await redis.hdel(keys.shard(0).senders, sender);
}

/** Names of the senders that are alive. Throws `store-unavailable`. */
export async function listLiveSenders(store: Store): Promise<readonly string[]> {
  const [reports, storeMs] = await Promise.all([readReports(store), readStoreClock(store.redis)]);
  return reports
    .filter(([, report]) => report !== undefined && report.at >= storeMs - reportKeptMs)
    .map(([sender]) => sender);
}

/** What the senders that are alive know, by provider. What dead ones said is dropped on the way. */
export async function readSenderViews(store: Store): Promise<ReadonlyMap<string, SenderView[]>> {
  const views = new Map<string, SenderView[]>();
  const [reports, storeMs] = await Promise.all([readReports(store), readStoreClock(store.redis)]);
  for (const [sender, report] of reports) {
    // One that this program cannot read is a newer program's to drop.
    if (report === undefined) continue;
    if (report.at < storeMs - reportKeptMs) {
      await dropSenderReport(store, sender).catch(() => undefined);
      continue;
    }
    for (const { provider, breaker, openForMs, blockedForMs = 0 } of report.providers) {
      const untilMs = report.at + blockedForMs;
      const view = {
        sender,
        breaker,
        ...(openForMs === undefined ? {} : { since: report.at - openForMs }),
        ...(untilMs > storeMs ? { blockedUntil: untilMs } : {}),
      };
      views.set(provider, [...(views.get(provider) ?? []), view]);
    }
  }
  return views;
}

/** The worst state that any of them sees; undefined when there are none. */
export function findWorstBreaker(views: readonly SenderView[]): ProviderStatus['breaker'] | undefined {
  return (['open', 'half-open', 'closed'] as const).find((state) =>
    views.some(({ breaker }) => breaker === state),
  );
}

async function readReports({ redis, keys }: Store): Promise<[string, Report | undefined][]> {
  return await callStore('read sender reports', async () => {
    const fields = Object.entries(await redis.hgetall(keys.shard(0).senders));
    fields.sort(([one], [other]) => one.localeCompare(other));
    return fields.map(([sender, text]) => [sender, readStored(text, reportSchema)]);
  });
}
