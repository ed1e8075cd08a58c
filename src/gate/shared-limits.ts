import type { Store } from '../store/keys.ts';
import { loadScript } from '../store/scripts.ts';
import type { LimitAsk } from './limits.ts';

/**
 * What all shards share: windows, caps, and providers that are left alone. It lies on the central shard. A store of one shard
 * counts it in the scripts of the permit, and nothing here asks anybody. With more, a place in each window and cap is taken
 * there before the message's own shard is asked, and is returned when it is not used. Whoever dies in between leaves the
 * place counted, so that no limit is ever exceeded.
 */
export interface SharedLimits {
  /** What the scripts of the message's own shard are to count. */
  countersOf(limits: LimitAsk): OwnCounters;
  /** Takes the places, or answers what is in the way, as the permit will answer it; undefined where that script asks itself. */
  take(ask: LimitUser & { readonly rehearse: boolean }): Promise<TakenLimits | undefined>;
  /** Returns every place, once, of what was never begun. */
  returnAll(user: LimitUser): Promise<void>;
  /** Returns what does not count of an attempt, once, and has the fleet leave a provider alone that asked for it. */
  settle(user: LimitUser, end: LimitEnd): Promise<void>;
}

export interface LimitUser {
  readonly owner: string;
  readonly provider: string;
  readonly limits: LimitAsk;
}

export interface LimitEnd {
  /** No provider saw it: windows go back. */
  readonly isUnseen?: boolean;
  /** Caps go back. */
  readonly undo: boolean;
  readonly blockProviderMs?: number | undefined;
}

/** `free`: nothing is in the way, and nothing was taken: there is no limit, or it is a rehearsal. A list: what is, as the permit answers it. */
export type TakenLimits = 'taken' | 'free' | readonly string[];

export interface OwnCounters {
  readonly windows: readonly object[];
  readonly caps: readonly object[];
  /** Their keys. */
  readonly counters: readonly string[];
}

const takeScript = loadScript(new URL('./take-limits.lua', import.meta.url), {
  keys: ['gate', 'provider', 'placesTaken', '...counters'],
  args: ['ask', 'keptMs'],
});
const returnScript = loadScript(new URL('./return-limits.lua', import.meta.url), {
  keys: ['provider', 'placesTaken', '...counters'],
  args: ['back'],
});

/** `claimMs`: the longest that an attempt takes. Places can be returned for longer than anybody tries to write down its end. */
export function createSharedLimits(store: Store, claimMs: number): SharedLimits {
  const keptMs = Math.max(60_000, 4 * claimMs);
  if (store.keys.shards === 1) return inOnePermit;
  return {
    countersOf: () => ({ windows: [], caps: [], counters: [] }),
    take: (ask) => takeLimits(store, ask, keptMs),
    returnAll: (user) => returnLimits(store, user, { isUnseen: true, undo: true }),
    settle: (user, end) => returnLimits(store, user, end),
  };
}

const inOnePermit: SharedLimits = {
  countersOf: numberCounters,
  take: () => Promise.resolve(undefined),
  returnAll: () => Promise.resolve(),
  settle: () => Promise.resolve(),
};

async function takeLimits(
  { redis, keys }: Store,
  { owner, provider, limits, rehearse }: LimitUser & { readonly rehearse: boolean },
  keptMs: number,
): Promise<TakenLimits> {
  const { windows, caps, counters } = numberCounters(limits);
  const { run, day } = limits;
  const ask = JSON.stringify({ owner, rehearse, windows, caps, run, day });
  const { gate, placesTaken } = keys.central;
  const given = { gate, placesTaken, provider: keys.central.provider(provider), counters };
  const reply = (await takeScript.run(redis, given, { ask, keptMs })) as readonly string[];
  const [word] = reply;
  return word === 'taken' || word === 'free' ? word : reply;
}

async function returnLimits(
  { redis, keys }: Store,
  { owner, provider, limits }: LimitUser,
  { isUnseen = false, undo, blockProviderMs }: LimitEnd,
): Promise<void> {
  const { windows, caps, counters } = numberCounters(limits);
  const back = { owner, windows: isUnseen ? windows : [], caps: undo ? caps : [], blockProviderMs };
  if (back.windows.length + back.caps.length === 0 && blockProviderMs === undefined) return;
  const { placesTaken } = keys.central;
  const given = { placesTaken, provider: keys.central.provider(provider), counters };
  await returnScript.run(redis, given, { back: JSON.stringify(back) });
}

/** Gives every window and cap the place of its key among the counters, from 1 as Lua counts. */
function numberCounters(limits: LimitAsk): OwnCounters {
  const windows = limits.windows.map((window, index) => ({ ...window, key: index + 1 }));
  const caps = limits.caps.map((cap, index) => ({ ...cap, key: windows.length + index + 1 }));
  return { counters: [...limits.windows, ...limits.caps].map((one) => one.key), windows, caps };
}
