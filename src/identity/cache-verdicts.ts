import type { ClientId } from '../domain/ids.ts';
import { putNewest } from '../domain/put-newest.ts';
import { triggerTable } from '../domain/thresholds.ts';
import { digestToken } from './digest-token.ts';
import { keyErrors, type TokenError, type TokenVerdict, type TokenVerifier } from './verify-token.ts';

export interface VerdictCacheOptions {
  /** Epoch ms. */
  readonly now: () => number;
  /** The key set's own: everything kept is dropped when the issuer's keys change. */
  readonly onChange: (listener: () => void) => void;
  /** Longest that a verdict is kept, however long its token lives. */
  readonly keepMs?: number;
  readonly entriesMax?: number;
}

/**
 * Spares repeated tokens the signature check. Only `verified` is kept, under the digest of the token (never the
 * token itself), until `min(exp, 60 s)`, checked on each hit; the least recently used goes first. Judging as
 * of an earlier instant never uses the cache. What else is remembered of a token: `rememberTokens`.
 */
export function cacheVerdicts(verifier: TokenVerifier, options: VerdictCacheOptions): TokenVerifier {
  const { now, keepMs = 60_000, entriesMax = 10_000 } = options;
  const entries = new Map<string, { verdict: TokenVerdict; keptAt: number; keepUntil: number }>();
  const remember = rememberTokens({ now, entriesMax });
  let generation = 0;
  options.onChange(() => {
    generation += 1;
    entries.clear();
  });

  const recall = (digest: string): TokenVerdict | undefined => {
    const entry = entries.get(digest);
    if (entry === undefined) return undefined;
    entries.delete(digest);
    // `keptAt` in the future: the clock was set back, and how old the verdict is cannot be known.
    if (now() >= entry.keepUntil || now() < entry.keptAt) return undefined;
    entries.set(digest, entry);
    return entry.verdict;
  };

  const keep = (digest: string, verdict: TokenVerdict): void => {
    if (verdict.kind !== 'verified' || verdict.expiresAtMs === undefined) return;
    const keptAt = now();
    const keepUntil = Math.min(verdict.expiresAtMs, keptAt + keepMs);
    putNewest(entries, digest, { verdict, keptAt, keepUntil }, entriesMax);
  };

  return {
    verifyToken: async (token, atMs) => {
      if (atMs !== undefined) return verifier.verifyToken(token, atMs);
      const digest = digestToken(token);
      const kept = recall(digest);
      if (kept !== undefined) return kept;
      const begun = generation;
      const verdict = remember(digest, await verifier.verifyToken(token));
      // Keys that changed meanwhile may have taken the verdict's ground away.
      if (begun === generation) keep(digest, verdict);
      return verdict;
    },
  };
}

/** A bad token counts once in the span that the token trigger judges. */
const countedForMs = triggerTable.tokens.spanMs;

/**
 * Knows a token again. One that was good stays proved to be of our issuer when its key is gone: so a rotation that
 * shuts every client out differs from a stranger with made-up keys. And a bad one that comes again and again is one
 * bad token. Both memories are bounded, the oldest goes first; what no key proves enters neither. The returned function
 * remembers what a verdict proves, under the digest of its token, and adds to it what is remembered.
 */
export function rememberTokens({
  now,
  entriesMax,
}: Required<Pick<VerdictCacheOptions, 'now' | 'entriesMax'>>): (
  digest: string,
  verdict: TokenVerdict,
) => TokenVerdict {
  const proved = new Map<string, { readonly client: ClientId; readonly until: number }>();
  const countedAt = new Map<string, number>();

  const findOwner = (digest: string, reason: TokenError): ClientId | undefined => {
    const known = keyErrors.has(reason) ? proved.get(digest) : undefined;
    return known !== undefined && now() < known.until ? known.client : undefined;
  };
  const isCounted = (digest: string): boolean => {
    const sinceMs = now() - (countedAt.get(digest) ?? Number.NEGATIVE_INFINITY);
    return sinceMs >= 0 && sinceMs < countedForMs;
  };
  return (digest, verdict) => {
    if (verdict.kind === 'cannot-tell') return verdict;
    if (verdict.kind === 'verified') {
      const { caller, expiresAtMs: until = 0 } = verdict;
      putNewest(proved, digest, { client: caller.clientId, until }, entriesMax);
      return verdict;
    }
    const issuedTo = verdict.issuedTo ?? findOwner(digest, verdict.reason);
    if (issuedTo === undefined) return verdict;
    if (isCounted(digest)) return { ...verdict, issuedTo, isRepeated: true };
    putNewest(countedAt, digest, now(), entriesMax);
    return { ...verdict, issuedTo };
  };
}
