import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type Channel, channels, channelTable } from '../domain/channel.ts';
import type { Keys, Store } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';
import { readStored } from '../store/unreadable-record.ts';
import { type CapAsk, type LimitedMessage, type Limits, listLimits, type WindowAsk } from './limits.ts';

/** How much of a limit is used now. */
export interface LimitUse {
  readonly name: string;
  readonly limit: number;
  readonly used: number;
  /** The sliding window that is counted in; a cap has none. */
  readonly windowMs?: number;
}

export interface LimitUses {
  /** Sliding windows of the fleet and of each channel; those of a recipient's domain are too many to list. */
  readonly limits: LimitUse[];
  /** Caps of this run, of this UTC day, and in money for SMS. */
  readonly caps: LimitUse[];
}

const decision = z.object({
  at: z.string(),
  message_id: z.string(),
  to: z.string(),
  type: z.string(),
  channel: z.string(),
  decision: z.string(),
  reason: z.string(),
});
/** One decision of the environment or the gate about a message; address masked. */
export type DecisionLine = z.infer<typeof decision>;

/** The newest decisions of the fleet, newest first. */
export async function readDecisions(redis: Redis, keys: Keys, count: number): Promise<DecisionLine[]> {
  return await callStore('read decisions', async () => {
    const lines = await redis.lrange(keys.central.decisions, 0, count - 1);
    return lines.flatMap((line) => readStored(line, decision) ?? []);
  });
}

/** Until when (epoch ms) the whole fleet leaves each of these providers alone; those that are not blocked are left out. */
export async function readProviderBlocks(
  redis: Redis,
  keys: Keys,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const readBlock = async (name: string): Promise<readonly [string, number]> => [
    name,
    Number(await redis.hget(keys.central.provider(name), 'blockedUntil')),
  ];
  const blocks = await callStore('read providers', () => Promise.all(names.map(readBlock)));
  return new Map(blocks.filter(([, until]) => until > 0));
}

/** What is used of every limit that is set. `run` is the epoch in which sending was last started. */
export async function readLimitUses(
  store: Store,
  limits: Limits,
  facts: { readonly run: string; readonly nowMs: number },
): Promise<LimitUses> {
  const { redis, keys } = store;
  const asks = sampleMessages(limits)
    .map((message) => listLimits(limits, keys.central, message, { ...facts, segments: 1 }))
    .filter((ask) => ask !== 'sms-country');
  const windows = uniqueByKey(asks.flatMap((ask) => ask.windows));
  const caps = uniqueByKey(asks.flatMap((ask) => ask.caps));
  return await callStore('read limits', async () => ({
    limits: await Promise.all(
      windows.map(async (window) => toUse(window, await countWindow(redis, window, facts.nowMs))),
    ),
    caps: await Promise.all(caps.map(async (cap) => toUse(cap, Number((await redis.get(cap.key)) ?? 0)))),
  }));
}

/** One message of each channel: what it would count against is what is shown, by the same rules as a permit. */
function sampleMessages(limits: Limits): LimitedMessage[] {
  const [code = '1'] = limits.smsPrices.keys();
  const samples: Record<Channel, string> = { email: 'any@example.com', sms: `+${code}0000000` };
  return channels.flatMap((channel): LimitedMessage[] => {
    const to = channelTable[channel].parseAddress(samples[channel]);
    return to.ok ? [{ channel, category: 'transactional', timeZone: 'UTC', to: to.value }] : [];
  });
}

function uniqueByKey<T extends { readonly key: string; readonly name: string }>(asks: readonly T[]): T[] {
  const shown = asks.filter(({ name }) => !name.startsWith('domain:'));
  return [...new Map(shown.map((ask) => [ask.key, ask])).values()];
}

function toUse(ask: WindowAsk | CapAsk, used: number): LimitUse {
  const { name, limit } = ask;
  const span = 'spanMs' in ask ? { windowMs: ask.spanMs } : {};
  return { name, limit, used: Math.round(used * 1e6) / 1e6, ...span };
}

async function countWindow(redis: Redis, window: WindowAsk, nowMs: number): Promise<number> {
  return await redis.zcount(window.key, `(${nowMs - window.spanMs}`, '+inf');
}
