import type { KeyObject } from 'node:crypto';
import { fetchBounded } from '../outbound/fetch-bounded.ts';
import { type PacedOutcome, paceCall } from '../outbound/pace-call.ts';
import { parseServiceUrl } from '../outbound/parse-service-url.ts';
import { startTicker } from '../outbound/start-ticker.ts';
import { budgetRefetches, type RefetchBudget } from './budget-refetches.ts';
import { type KeyDocument, parseKeys } from './parse-keys.ts';
import type { Algorithm } from './parse-token.ts';

export type KeyResult =
  /** Every key that fits: one, unless the token names none or the issuer uses a key id twice. */
  | { readonly kind: 'found'; readonly keys: readonly KeyObject[] }
  /** The issuer responds, and has no such key, or more than can be tried. */
  | { readonly kind: 'unknown-key' }
  /** The issuer has the key, for another algorithm. */
  | { readonly kind: 'wrong-algorithm' }
  /** The issuer cannot be asked, and the keys we have do not decide it. */
  | { readonly kind: 'cannot-tell'; readonly detail: string };

export interface KeySetHealth {
  /** True while tokens can be verified with the keys at hand. */
  readonly ok: boolean;
  readonly detail: string;
  /** Since the keys at hand were fetched; absent when there never were any. */
  readonly ageMs?: number;
}

export interface KeySet {
  /** The issuer's key: at once when it is at hand, else after two fetches at most. Never throws. */
  findKey(kid: string | undefined, algorithm: Algorithm): Promise<KeyResult>;
  /**
   * For a signature that no key of `tried` made: the issuer may have put another key under the same id. Asks it again,
   * within the budget of unknown key ids, and returns the keys that fit now; with none when they are the same.
   */
  findNewerKeys(
    kid: string | undefined,
    algorithm: Algorithm,
    tried: readonly KeyObject[],
  ): Promise<readonly KeyObject[]>;
  /** What the keys at hand say, right now; never a fetch. */
  peekKey(kid: string | undefined, algorithm: Algorithm): KeyResult;
  health(): KeySetHealth;
  /** Calls back whenever the issuer's keys are others than before. */
  readonly onChange: (listener: () => void) => void;
  /** Keeps the keys fresh until the signal aborts. Does not wait for the first ones: an issuer that is down stops no start. */
  start(signal: AbortSignal): void;
}

export interface KeySetOptions {
  readonly jwksUrl: string;
  /** Local runs only. */
  readonly allowHttp?: boolean;
  /** Steady milliseconds (`performance.now`): key ages must not move when the clock is set. */
  readonly now: () => number;
  /** In [0, 1), for the back-off. */
  readonly random: () => number;
  /** Keys older than this are fetched again in the background; a withdrawn key is refused from then on. */
  readonly refreshMs?: number;
  /** Keys older than this are used no more: the bound on how long an outage is bridged. */
  readonly staleMsMax?: number;
  /** Unknown key ids may cause one fetch per this time, after a burst of three. */
  readonly cooldownMs?: number;
  readonly timeoutMs?: number;
}

const defaults = { refreshMs: 5 * 60_000, staleMsMax: 6 * 3_600_000, cooldownMs: 30_000, timeoutMs: 3_000 };
const unknownKeyBurst = 3;
const tickMs = 1_000;

/**
 * The issuer's signature keys, through rotations and outages: known keys are found at once, also while the
 * issuer is down, until they are `staleMsMax` old; an unknown key id costs a bounded number of fetches; failures
 * back off, from a cold start too. Keys come from the one configured URL and from nowhere else.
 * Throws when that URL is not acceptable.
 */
export function createKeySet(options: KeySetOptions): KeySet {
  const settings = { ...defaults, ...options };
  const { now, cooldownMs } = settings;
  const url = parseServiceUrl(options.jwksUrl, 'AUTH_JWKS_URL', options.allowHttp);
  const cache = createKeyCache(url, settings);
  const budget = budgetRefetches({
    refillMs: cooldownMs,
    burst: unknownKeyBurst,
    absentMs: 2 * cooldownMs,
    now,
  });
  cache.onChange(budget.forgetAll);
  const isUsable = (): boolean => cache.ageMs() <= settings.staleMsMax;
  const refreshIfDue = (): void => {
    // After a failure until it is good again, so that one lost response does not leave new keys unknown for long.
    if (cache.ageMs() >= settings.refreshMs || cache.fetching.failure() !== undefined)
      void cache.fetching.run();
  };
  const { peekKey, fetchKey, findNewerKeys } = createLookups(cache, budget, isUsable);
  return {
    findKey: async (kid, algorithm) => {
      refreshIfDue();
      const known = peekKey(kid, algorithm);
      return known.kind === 'found' || known.kind === 'wrong-algorithm' ? known : fetchKey(kid, algorithm);
    },
    findNewerKeys,
    peekKey,
    health: () => describeHealth(isUsable(), cache.ageMs(), cache.fetching.failure()),
    onChange: cache.onChange,
    start: (signal) => startTicker(tickMs, refreshIfDue, signal),
  };
}

/** `fetchKey` is for a key that is not at hand: the issuer may have made it only just now. */
function createLookups(
  { fetching, document: readDocument }: KeyCache,
  budget: RefetchBudget,
  isUsable: () => boolean,
): Pick<KeySet, 'peekKey' | 'findNewerKeys'> & { readonly fetchKey: KeySet['findKey'] } {
  const cannotTell = (): KeyResult => ({
    kind: 'cannot-tell',
    detail: `no usable key can be had: the issuer's key document ${fetching.failure() ?? 'is not there yet'}`,
  });
  const peekKey: KeySet['peekKey'] = (kid, algorithm) => {
    const document = isUsable() ? readDocument() : undefined;
    return document === undefined ? cannotTell() : selectKeys(document, kid, algorithm);
  };
  /** Whether to wait for a newer document: cold keys heed the back-off only, a key id needs budget too. */
  const mayAsk = (kid: string): boolean =>
    fetching.isRunning() || !isUsable() || (fetching.mayRun() && budget.take(kid));
  return {
    peekKey,
    fetchKey: async (kid, algorithm) => {
      // Begun before this question, so it may miss a key made since: what it lacks is not yet known to be absent.
      if (fetching.isRunning()) await fetching.run();
      const known = peekKey(kid, algorithm);
      if (known.kind === 'found') return known;
      const asked = mayAsk(kid ?? '');
      if (asked) await fetching.run();
      const result = peekKey(kid, algorithm);
      if (result.kind !== 'unknown-key') return result;
      if (fetching.failure() !== undefined) return cannotTell();
      if (asked) budget.remember(kid ?? '');
      return result;
    },
    findNewerKeys: async (kid, algorithm, tried) => {
      const listNewer = (): readonly KeyObject[] => {
        const known = peekKey(kid, algorithm);
        return known.kind === 'found' && known.keys.some((key) => !tried.includes(key)) ? known.keys : [];
      };
      if (fetching.isRunning()) await fetching.run();
      const known = listNewer();
      // While the issuer is down it is asked again as soon as it may be, with or without this question.
      if (known.length > 0 || fetching.failure() !== undefined || !mayAsk(kid ?? '')) return known;
      await fetching.run();
      const newer = listNewer();
      if (newer.length === 0) budget.remember(kid ?? '');
      return newer;
    },
  };
}

/** More keys than this are not tried on one token: what a stranger sends must cost little. */
const keysTriedMax = 8;

/** By key id and algorithm; a token without a key id may be signed with any key for its algorithm. */
function selectKeys(document: KeyDocument, kid: string | undefined, algorithm: Algorithm): KeyResult {
  const named = document.keys.filter((one) => kid === undefined || one.kid === kid);
  const keys = named.filter((one) => one.algorithm === algorithm).map(({ key }) => key);
  if (keys.length > 0 && keys.length <= keysTriedMax) return { kind: 'found', keys };
  const isOther = kid !== undefined && named.length > 0 && keys.length === 0;
  return { kind: isOther ? 'wrong-algorithm' : 'unknown-key' };
}

function describeHealth(ok: boolean, ageMs: number, failure: string | undefined): KeySetHealth {
  const problem = failure === undefined ? undefined : `the issuer's key document ${failure}`;
  if (ageMs === Number.POSITIVE_INFINITY) return { ok, detail: problem ?? 'no keys have been fetched yet' };
  const seconds = Math.round(ageMs / 1000);
  const state = ok ? `keys are ${seconds} s old` : `keys are ${seconds} s old, which is too old to be used`;
  return { ok, detail: problem === undefined ? state : `${state}; ${problem}`, ageMs };
}

const documentBytesMax = 256 * 1024;
const failureBackOff = { baseMs: 1_000, capMs: 30_000 };

type KeyCache = ReturnType<typeof createKeyCache>;

/** Keeps the last good keys, however old, whatever happens to the issuer: only another good document replaces them. */
function createKeyCache(
  url: URL,
  { now, random, timeoutMs }: Pick<KeySetOptions, 'now' | 'random'> & { readonly timeoutMs: number },
) {
  const listeners: (() => void)[] = [];
  let held: { readonly document: KeyDocument; readonly fetchedAt: number } | undefined;

  const call = async (): Promise<PacedOutcome> => {
    // As old as the request: the issuer may change its keys while the response is on its way.
    const fetchedAt = now();
    const parsed = await fetchKeys(url, timeoutMs);
    if (!parsed.ok) return parsed;
    const changed = held?.document.fingerprint !== parsed.document.fingerprint;
    // The same keys stay the same objects, so that what has been tried is known again.
    held = { document: changed ? parsed.document : (held?.document ?? parsed.document), fetchedAt };
    if (changed) for (const listener of listeners) listener();
    return { ok: true };
  };

  return {
    document: () => held?.document,
    /** Infinite when there never was a good one. */
    ageMs: () => (held === undefined ? Number.POSITIVE_INFINITY : now() - held.fetchedAt),
    fetching: paceCall({ call, now, random, backOff: failureBackOff }),
    onChange: (listener: () => void): void => void listeners.push(listener),
  };
}

async function fetchKeys(url: URL, timeoutMs: number): Promise<ReturnType<typeof parseKeys>> {
  const headers = { accept: 'application/jwk-set+json, application/json' };
  const result = await fetchBounded({ url, headers, timeoutMs, responseBytesMax: documentBytesMax });
  if (result.kind === 'failed') return { ok: false, detail: result.detail };
  return result.status === 200 ? parseKeys(result.text) : { ok: false, detail: `answered ${result.status}` };
}
