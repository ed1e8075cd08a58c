import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { channels } from '../domain/channel.ts';
import { readProviderBlocks } from '../gate/diagnostics.ts';
import type { ProviderHealth } from '../providers/provider.ts';
import type { ProviderReport, SenderView } from '../providers/provider-report.ts';
import type { Store } from '../store/keys.ts';
import { defineReports } from '../store/process-reports.ts';
import { callStore } from '../store/scripts.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { findWorstBreaker, readSenderViews, senderReports } from './sender-reports.ts';

const keptMs = 30_000;
/** Reports younger than this are not asked for again. */
const freshMs = 5_000;
const lookEveryMs = 50;
/** How often a sender looks whether somebody asks. */
export const healthLookMs = 500;

const healthReports = defineReports(
  'providerHealth',
  z.object({
    at: z.number(),
    health: z
      .array(
        z.object({
          provider: z.string(),
          channel: z.enum(channels),
          ok: z.boolean(),
          status: z.enum(['ok', 'unreachable', 'unauthorized', 'error']),
          latencyMs: z.number(),
          detail: z.string(),
        }),
      )
      .readonly(),
  }),
  keptMs,
);

/** A check takes five seconds at most, and a sender notices within half a second that somebody asks. */
const waitMs = 7_000;

/**
 * How every provider is, and what the senders know of it from sending. Nothing is asked from here: the credentials are the
 * senders' alone, and they check without sending anything. Throws `store-unavailable`.
 */
export async function askProviders(
  store: Store & { readonly now: () => number },
): Promise<readonly ProviderReport[]> {
  const health = await askProviderHealth(store, waitMs);
  const names = health.map(({ provider }) => provider);
  const [views, blocks] = await Promise.all([
    readSenderViews(store),
    readProviderBlocks(store.redis, store.keys, names),
  ]);
  return health.map((report) =>
    toReport(report, views.get(report.provider) ?? [], {
      untilMs: blocks.get(report.provider) ?? 0,
      nowMs: store.now(),
    }),
  );
}

function toReport(
  health: ProviderHealth,
  senders: SenderView[],
  { untilMs, nowMs }: { readonly untilMs: number; readonly nowMs: number },
): ProviderReport {
  const breaker = findWorstBreaker(senders);
  const opened = senders.flatMap(({ since }) => since ?? []);
  return {
    ...health,
    ...(breaker === undefined ? {} : { breaker }),
    ...(opened.length === 0 ? {} : { since: Math.min(...opened) }),
    ...(untilMs > nowMs ? { blockedUntil: untilMs } : {}),
    senders,
  };
}

/**
 * How every provider is, as the senders find it: they alone hold the credentials. Asks those that run and waits for their
 * reports, at most `patienceMs`; reports of a moment ago serve too. Of several reports the worst counts. Empty when no sender
 * runs. Throws `store-unavailable`.
 */
export async function askProviderHealth(
  store: Store,
  patienceMs: number,
): Promise<readonly ProviderHealth[]> {
  const senders = (await senderReports.read(store)).map(({ name }) => name);
  const readSince = async (sinceMs: number) =>
    (await healthReports.read(store)).filter(({ name, at }) => at >= sinceMs && senders.includes(name));
  let reports = await readSince((await readStoreClock(store.redis)) - freshMs);
  if (reports.length < senders.length) {
    const askedMs = await ask(store);
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookEveryMs) {
      reports = await readSince(askedMs);
      if (reports.length === senders.length) break;
      await delay(lookEveryMs);
    }
  }
  return takeWorst(reports.flatMap(({ health }) => health));
}

/** A sender's part: reports when somebody has asked since its last report. To be called every `healthLookMs`. */
export function createHealthAnswers(
  store: Store,
  sender: string,
  listHealth: () => Promise<readonly ProviderHealth[]>,
): () => Promise<void> {
  let answeredMs = 0;
  return async () => {
    const { providersAsked } = store.keys.central;
    const askedMs = Number(await callStore('read who asks', () => store.redis.get(providersAsked)));
    if (askedMs <= answeredMs) return;
    answeredMs = askedMs;
    await healthReports.write(store, sender, { health: await listHealth() });
  };
}

/** One line a provider, in the order of the first sender that knows it. */
function takeWorst(found: readonly ProviderHealth[]): readonly ProviderHealth[] {
  const worst = new Map<string, ProviderHealth>();
  for (const one of found) if (worst.get(one.provider)?.ok !== false) worst.set(one.provider, one);
  return [...worst.values()];
}

async function ask({ redis, keys }: Store): Promise<number> {
  const atMs = await readStoreClock(redis);
  await callStore('ask providers', () => redis.set(keys.central.providersAsked, atMs, 'PX', keptMs));
  return atMs;
}
