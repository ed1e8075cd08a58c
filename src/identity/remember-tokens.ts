import type { ClientId } from '../domain/ids.ts';
import { triggerTable } from '../domain/thresholds.ts';
import type { TokenFault, TokenVerdict } from './verify-token.ts';

export interface TokenMemoryOptions {
  /** Epoch ms. */
  readonly now: () => number;
  readonly entriesMax: number;
}

/** What is remembered of a token, by its digest. */
export interface TokenMemory {
  /** Remembers what the verdict proves, and adds to it what is remembered. */
  note(digest: string, verdict: TokenVerdict): TokenVerdict;
}

/** The keys of the issuer are others than they were, or somebody made the token up: by itself it does not tell. */
const faultsOfKeys: ReadonlySet<TokenFault> = new Set(['unknown-key', 'wrong-algorithm', 'bad-signature']);
/** A bad token counts once in the span that the token trigger judges. */
const countedForMs = triggerTable.tokens.spanMs;

/**
 * Knows a token again. One that was good stays proved to be of our issuer when its key is gone: so a rotation that
 * shuts every client out is told from a stranger with made-up keys. And a bad one that comes again and again is one
 * bad token. Both memories are bounded, the oldest goes first; what no key proves enters neither.
 */
export function rememberTokens({ now, entriesMax }: TokenMemoryOptions): TokenMemory {
  const proved = new Map<string, { readonly client: ClientId; readonly until: number }>();
  const countedAt = new Map<string, number>();

  const findOwner = (digest: string, reason: TokenFault): ClientId | undefined => {
    const known = faultsOfKeys.has(reason) ? proved.get(digest) : undefined;
    return known !== undefined && now() < known.until ? known.client : undefined;
  };
  const isCounted = (digest: string): boolean => {
    const sinceMs = now() - (countedAt.get(digest) ?? Number.NEGATIVE_INFINITY);
    return sinceMs >= 0 && sinceMs < countedForMs;
  };
  return {
    note: (digest, verdict) => {
      if (verdict.kind === 'cannot-tell') return verdict;
      if (verdict.kind === 'verified') {
        const { caller, expiresAtMs: until = 0 } = verdict;
        put(proved, digest, { client: caller.clientId, until }, entriesMax);
        return verdict;
      }
      const issuedTo = verdict.issuedTo ?? findOwner(digest, verdict.reason);
      if (issuedTo === undefined) return verdict;
      if (isCounted(digest)) return { ...verdict, issuedTo, isRepeated: true };
      put(countedAt, digest, now(), entriesMax);
      return { ...verdict, issuedTo };
    },
  };
}

function put<T>(entries: Map<string, T>, digest: string, entry: T, entriesMax: number): void {
  entries.delete(digest);
  const [oldest] = entries.keys();
  if (entries.size >= entriesMax && oldest !== undefined) entries.delete(oldest);
  entries.set(digest, entry);
}
