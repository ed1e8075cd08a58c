import { digestToken } from './digest-token.ts';
import { rememberTokens } from './remember-tokens.ts';
import type { TokenVerdict, TokenVerifier } from './verify-token.ts';

export interface VerdictCacheOptions {
  /** Epoch ms. */
  readonly now: () => number;
  /** The key set's own: everything kept is dropped when the issuer's keys change. */
  readonly onChange: (listener: () => void) => () => void;
  /** Longest that a verdict is kept, however long its token lives. */
  readonly keepMs?: number;
  readonly entriesMax?: number;
}

interface Entry {
  readonly verdict: TokenVerdict;
  readonly keptAt: number;
  readonly keepUntil: number;
}

/**
 * Spares repeated tokens the signature check. Only `verified` is kept, under the digest of the token (never the
 * token itself), until `min(exp, 60 s)`, checked on each hit; the least recently used goes first. Judging as
 * of an earlier instant is never answered from here. What else is remembered of a token: `rememberTokens`.
 */
export function cacheVerdicts(verifier: TokenVerifier, options: VerdictCacheOptions): TokenVerifier {
  const { now, keepMs = 60_000, entriesMax = 10_000 } = options;
  const entries = new Map<string, Entry>();
  const memory = rememberTokens({ now, entriesMax });
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
    const [oldest] = entries.keys();
    if (entries.size >= entriesMax && oldest !== undefined) entries.delete(oldest);
    entries.set(digest, { verdict, keptAt, keepUntil: Math.min(verdict.expiresAtMs, keptAt + keepMs) });
  };

  return {
    verifyToken: async (token, atMs) => {
      if (atMs !== undefined) return verifier.verifyToken(token, atMs);
      const digest = digestToken(token);
      const kept = recall(digest);
      if (kept !== undefined) return kept;
      const begun = generation;
      const verdict = memory.note(digest, await verifier.verifyToken(token));
      // Keys that changed meanwhile may have taken the verdict's ground away.
      if (begun === generation) keep(digest, verdict);
      return verdict;
    },
  };
}
