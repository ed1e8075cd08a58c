import { findWorstBreaker, readSenderViews } from '../deliver/sender-reports.ts';
import { readProviderBlocks } from '../gate/diagnostics.ts';
import type { ProviderSet } from '../providers/choose-provider.ts';
import type { ProviderHealth } from '../providers/provider.ts';
import type { ProviderReport, SenderView } from '../providers/provider-report.ts';
import type { Foundation } from './build-foundation.ts';

const healthMs = 6_000;

/** Asks every provider how it is, without sending anything, and the store what the senders know of it. Never rejects. */
export function createProviderCheck(
  { redis, keys, now }: Foundation,
  providers: Pick<ProviderSet, 'listHealth'>,
): () => Promise<readonly ProviderReport[]> {
  const store = { redis: redis.commands, keys };
  return async () => {
    const health = await providers.listHealth(AbortSignal.timeout(healthMs));
    const nowMs = now();
    const names = health.map(({ provider }) => provider);
    const known = await Promise.all([
      readSenderViews(store, nowMs),
      readProviderBlocks(store.redis, keys, names),
    ]).catch(() => undefined);
    if (known === undefined) return health;
    const [views, blocks] = known;
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
  return {
    ...health,
    ...(breaker === undefined ? {} : { breaker }),
    ...(untilMs > nowMs ? { blocked_until: new Date(untilMs).toISOString() } : {}),
    senders,
  };
}
