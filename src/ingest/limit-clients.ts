import type { Redis } from 'ioredis';
import type { ClientId } from '../domain/ids.ts';
import type { Keys } from '../store/keys.ts';
import { loadScript } from '../store/scripts.ts';
import { chooseShard } from '../store/shards.ts';
import { batchItemsMax } from './parse-event.ts';

const script = loadScript(new URL('./admit-client.lua', import.meta.url), {
  keys: ['allowance'],
  args: ['usEach', 'burst', 'needed', 'wanted', 'givenBack', 'neededMax'],
});

export interface ClientLimit {
  /** Takes `cost` requests from the client's allowance, or none of it. Never rejects. */
  take(client: ClientId, cost: number): Promise<LimitResult> | LimitResult;
}

export interface LimitResult {
  readonly allowed: boolean;
  /** Requests that a whole allowance holds, and what is left of them. */
  readonly limit: number;
  readonly remaining: number;
  /** In how many seconds a spent allowance is whole again. */
  readonly windowSeconds: number;
  /** Seconds until it is whole again; when refused, until this request can be allowed. */
  readonly resetSeconds: number;
}

export interface ClientLimitOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly ratePerMinute: number;
  /** How much may come at one time. */
  readonly burst: number;
  /** How many times its price a request costs now. */
  readonly burden: () => number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** What this process holds of one client's allowance. */
interface Share {
  /** Tokens to spend locally, and until when (monotonic ms). */
  tokens: number;
  endsAt: number;
  /** How much to ask for next time: what was used lately. */
  batch: number;
  used: number;
  /** When the allowance in the store is whole again, as last heard. */
  fullAt: number;
  /** A request of this cost or more is refused until then. */
  refused: { readonly cost: number; readonly until: number };
  /** The store did not answer: until then everything is let through. */
  unlimitedUntil: number;
  pending: Promise<void> | undefined;
}

/** Tokens are spent locally for this long; then what is left of them goes back with the next refill. */
const shareMs = 1_000;
const replyMsMax = 200;
const clientsMax = 10_000;

/**
 * Limits each client by itself: a flood is paid for by the client that sends it, and by nobody else. The allowance is one
 * for the whole fleet and lies in the store; a process takes a small share of it in advance (at most a tenth of the burst,
 * for a second), so that most requests cost no round trip, and a refused client costs none at all. When the
 * store does not answer, everybody passes: accepting fails then by itself, and tells why better than a 429 would.
 */
export function createClientLimit(options: ClientLimitOptions): ClientLimit {
  const shares = new Map<ClientId, Share>();
  const batchMax = Math.max(1, Math.floor(options.burst / 10));
  const eachMs = 60_000 / options.ratePerMinute;
  const { burst, now, burden } = options;

  const result = (share: Share, allowed: boolean): LimitResult => {
    const missing = Math.max(0, share.fullAt - now()) / eachMs - share.tokens;
    const waitMs = allowed ? missing * eachMs : share.refused.until - now();
    return {
      allowed,
      limit: burst,
      remaining: Math.max(0, Math.min(burst, Math.floor((burst - missing) / burden()))),
      windowSeconds: Math.ceil((burst * eachMs) / 1_000),
      resetSeconds: Math.max(0, waitMs) / 1_000,
    };
  };
  const takeLocally = (share: Share, cost: number): LimitResult | undefined => {
    const at = now();
    if (at < share.unlimitedUntil) return result(share, true);
    if (cost >= share.refused.cost && at < share.refused.until) return result(share, false);
    if (at >= share.endsAt || share.tokens < cost) return undefined;
    share.tokens -= cost;
    share.used += cost;
    return result(share, true);
  };
  const takeFromStore = async (client: ClientId, share: Share, cost: number): Promise<LimitResult> => {
    for (;;) {
      // One request to the store at a time for each client; all who wait share its result.
      share.pending ??= refillShare(options, { client, share, cost, batchMax }).finally(() => {
        share.pending = undefined;
      });
      await share.pending;
      const taken = takeLocally(share, cost);
      if (taken !== undefined) return taken;
    }
  };
  return {
    take: (client, cost) => {
      let share = shares.get(client);
      if (share === undefined) {
        const [oldest] = shares.size < clientsMax ? [] : shares.keys();
        if (oldest !== undefined) shares.delete(oldest);
        share = openShare();
        shares.set(client, share);
      }
      const price = Math.ceil(cost * burden());
      return takeLocally(share, price) ?? takeFromStore(client, share, price);
    },
  };
}

function openShare(): Share {
  return {
    tokens: 0,
    endsAt: 0,
    batch: 1,
    used: 0,
    fullAt: 0,
    refused: { cost: 0, until: 0 },
    unlimitedUntil: 0,
    pending: undefined,
  };
}

interface Refill {
  readonly client: ClientId;
  readonly share: Share;
  readonly cost: number;
  readonly batchMax: number;
}

/** Brings the share up to date with the store; on an error, or without a reply in time, everything is let through for a while. */
async function refillShare(options: ClientLimitOptions, refill: Refill): Promise<void> {
  const { share, cost, batchMax } = refill;
  const at = options.now();
  // Spent before its time: twice as much is asked for. Else: as much as was used.
  share.batch = Math.min(batchMax, Math.max(1, at < share.endsAt ? share.batch * 2 : share.used));
  const givenBack = share.tokens;
  share.tokens = 0;
  share.used = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${replyMsMax} ms`)), replyMsMax);
  });
  try {
    const { granted, wholeMs, waitMs } = await Promise.race([
      requestTokens(options, refill, givenBack),
      late,
    ]);
    const repliedAt = options.now();
    share.fullAt = repliedAt + wholeMs;
    share.tokens = granted;
    share.endsAt = repliedAt + shareMs;
    share.refused = granted === 0 ? { cost, until: repliedAt + Math.max(1, waitMs) } : { cost: 0, until: 0 };
  } catch (error) {
    options.onError(error);
    share.unlimitedUntil = options.now() + shareMs;
  } finally {
    clearTimeout(timer);
  }
}

async function requestTokens(
  { redis, keys, ratePerMinute, burst, burden }: ClientLimitOptions,
  { client, share, cost }: Refill,
  givenBack: number,
) {
  const allowance = keys.shard(chooseShard(client, keys.shards)).allowance(client);
  const [granted = 0, wholeUs = 0, waitUs = 0] = (await script.run(
    redis,
    { allowance },
    {
      usEach: 60_000_000 / ratePerMinute,
      burst,
      needed: cost,
      wanted: Math.max(cost, share.batch),
      givenBack,
      neededMax: Math.ceil(batchItemsMax * burden()),
    },
  )) as number[];
  return { granted, wholeMs: wholeUs / 1_000, waitMs: waitUs / 1_000 };
}
