import { askProviderHealth } from '../deliver/provider-health.ts';
import { findWorstBreaker, readSenderViews } from '../deliver/sender-reports.ts';
import { readProviderBlocks } from '../gate/diagnostics.ts';
import type { ProviderHealth } from '../providers/provider.ts';
import type { ProviderReport, SenderView } from '../providers/provider-report.ts';
import type { Foundation } from './build-foundation.ts';

/** A check takes five seconds at most, and a sender notices within half a second that somebody asks. */
const waitMs = 7_000;

/**
 * How every provider is, and what the senders know of it from sending. Nothing is asked from here: the credentials are the
 * senders' alone, and they check without sending anything. Throws `store-unavailable`.
 */
export function createProviderCheck({
  redis,
  keys,
  now,
}: Foundation): () => Promise<readonly ProviderReport[]> {
  const store = { redis: redis.commands, keys };
  return async () => {
    const health = await askProviderHealth(store, waitMs);
    const nowMs = now();
    const names = health.map(({ provider }) => provider);
    const [views, blocks] = await Promise.all([
      readSenderViews(store),
      readProviderBlocks(store.redis, keys, names),
    ]);
    return health.map((report) =>
      toReport(report, views.get(report.provider) ?? [], {
        untilMs: blocks.get(report.provider) ?? 0,
        nowMs,
      }),
    );
  };
}

function toReport(
  health: ProviderHealth,
  senders: SenderView[],
  { untilMs, nowMs }: { readonly untilMs: number; readonly nowMs: number },
): ProviderReport {
  const breaker = findWorstBreaker(senders);
  const [since] = senders.flatMap((view) => view.since ?? []).toSorted();
  return {
    ...health,
    ...(breaker === undefined ? {} : { breaker }),
    ...(since === undefined ? {} : { since }),
    ...(untilMs > nowMs ? { blocked_until: new Date(untilMs).toISOString() } : {}),
    senders,
  };
}
