import { z } from 'zod';
import type { ProviderStatus } from '../providers/choose-provider.ts';
import type { SenderView } from '../providers/provider-report.ts';
import type { Store } from '../store/keys.ts';
import { defineReports } from '../store/process-reports.ts';
import { readStoreClock } from '../store/store-clock.ts';

/** How often a sender reports on its providers. */
export const reportEveryMs = 2_000;

/** What each running sender knows of its providers. */
export const senderReports = defineReports(
  'senders',
  z.object({
    at: z.number(),
    providers: z
      .array(
        z.object({
          provider: z.string(),
          breaker: z.enum(['closed', 'open', 'half-open']),
          openForMs: z.number().optional(),
          blockedForMs: z.number().optional(),
        }),
      )
      .readonly(),
  }),
  15_000,
);

/** What the senders that are alive know, by provider. */
export async function readSenderViews(store: Store): Promise<ReadonlyMap<string, SenderView[]>> {
  const [reports, storeMs] = await Promise.all([senderReports.read(store), readStoreClock(store.redis)]);
  const views = reports.flatMap(({ name: sender, at, providers }) =>
    providers.map(({ provider, breaker, openForMs, blockedForMs = 0 }) => ({
      provider,
      view: {
        sender,
        breaker,
        ...(openForMs === undefined ? {} : { since: at - openForMs }),
        ...(at + blockedForMs > storeMs ? { blockedUntil: at + blockedForMs } : {}),
      },
    })),
  );
  const byProvider = Map.groupBy(views, ({ provider }) => provider);
  return new Map([...byProvider].map(([provider, found]) => [provider, found.map(({ view }) => view)]));
}

/** The worst state that any of them sees; undefined when there are none. */
export function findWorstBreaker(views: readonly SenderView[]): ProviderStatus['breaker'] | undefined {
  return (['open', 'half-open', 'closed'] as const).find((state) =>
    views.some(({ breaker }) => breaker === state),
  );
}
