import type { KeyObject } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import type { ClientId } from '../domain/ids.ts';
import {
  type ClaimError,
  type ClaimRules,
  type ClaimVerdict,
  judgeClaims,
  nameClient,
} from './judge-claims.ts';
import type { KeySet } from './key-set.ts';
import { type Algorithm, type HeaderError, parseToken, type TokenParts } from './parse-token.ts';
import { readScopes, type Scope, type ScopeMapping } from './read-scopes.ts';

export type { Scope } from './read-scopes.ts';

/** Who calls, as its token proves. */
export interface Caller {
  readonly clientId: ClientId;
  readonly scopes: ReadonlySet<Scope>;
  readonly subject?: string;
}

/**
 * Why a token was rejected. Failures are counted by it. `unproved`: its claims are wrong, and no key at hand
 * says that our issuer made it, so any stranger may have.
 */
export type TokenError = HeaderError | ClaimError | 'bad-signature' | 'unknown-key' | 'unproved';

/** Errors that other keys would turn round: the issuer's keys are not those they were, or somebody made the token up. */
export const keyErrors: ReadonlySet<TokenError> = new Set([
  'unknown-key',
  'wrong-algorithm',
  'bad-signature',
]);

export type TokenVerdict =
  | {
      readonly kind: 'verified';
      readonly caller: Caller;
      /** `exp` in epoch ms; absent means that the verdict is not to be kept. */
      readonly expiresAtMs?: number;
    }
  | {
      readonly kind: 'rejected';
      readonly reason: TokenError;
      readonly detail: string;
      /** Whose token it is, when a key of our issuer says so or has said so before: no stranger can make such a one. */
      readonly issuedTo?: ClientId;
      /** The same token was rejected of late: it was counted then. */
      readonly isRepeated?: true;
    }
  /** No key could be had, so nobody knows. Counted apart from bad tokens (IDN-5). */
  | {
      readonly kind: 'cannot-tell';
      readonly detail: string;
      /** Who the token says it is of, unproved; absent means that the event is not to be quarantined. */
      readonly claimed?: Caller;
    };

export interface TokenVerifier {
  /** `atMs`: judge as of this earlier instant, with today's keys; default now. Never throws. */
  verifyToken(token: string, atMs?: number): Promise<TokenVerdict>;
}

export interface TokenVerifierOptions extends ClaimRules {
  readonly algorithms: readonly Algorithm[];
  readonly scopeMapping: ScopeMapping;
  readonly keySet: Pick<KeySet, 'findKey' | 'findNewerKeys' | 'peekKey'>;
  /** Epoch ms. */
  readonly now: () => number;
}

/**
 * Says `verified` only for an access token of the configured issuer, for us, in time, signed with one of the
 * issuer's own keys. What the token says is judged before a key is looked up, so that a token which could not
 * pass anyway never causes a fetch and is never quarantined. An error in its claims is counted as such only
 * when a key at hand proves it: a stranger may claim anything. Details repeat nothing of the token.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  return {
    verifyToken: async (token, atMs = options.now()) => {
      const parsed = parseToken(token, options.algorithms);
      if (parsed.kind === 'bad') return reject(parsed.reason, parsed.detail);
      const judged = judgeClaims(parsed.parts.claims, options, atMs);
      if (judged.kind === 'bad') return rejectClaims(token, parsed.parts, judged, options.keySet);
      const caller: Caller = {
        clientId: judged.clientId,
        ...(judged.subject === undefined ? {} : { subject: judged.subject }),
        scopes: readScopes(parsed.parts.claims, options.scopeMapping),
      };
      const error = await findSignatureError(token, parsed.parts, options.keySet);
      if (error?.kind === 'cannot-tell') return { ...error, claimed: caller };
      if (error !== undefined) return error;
      return { kind: 'verified', caller, expiresAtMs: judged.expiresAtMs };
    },
  };
}

/** A token with wrong claims: of our issuer, and then of a client, or of anybody. */
async function rejectClaims(
  token: string,
  parts: TokenParts,
  { reason, detail }: Extract<ClaimVerdict, { kind: 'bad' }>,
  keySet: Pick<KeySet, 'peekKey'>,
): Promise<TokenVerdict> {
  const isIssued = await isSigned(token, parts, keySet);
  const issuedTo = isIssued ? nameClient(parts.claims) : undefined;
  const shown = isIssued || reason === 'wrong-issuer' ? reason : 'unproved';
  return { ...reject(shown, detail), ...(issuedTo === undefined ? {} : { issuedTo }) };
}

/** True when a key at hand says that the issuer made this token. */
async function isSigned(
  token: string,
  { kid, algorithm }: TokenParts,
  keySet: Pick<KeySet, 'peekKey'>,
): Promise<boolean> {
  const result = keySet.peekKey(kid, algorithm);
  return result.kind === 'found' && (await checkSignature(token, result.keys, algorithm)) === 'good';
}

async function findSignatureError(
  token: string,
  { kid, algorithm }: TokenParts,
  keySet: Pick<KeySet, 'findKey' | 'findNewerKeys'>,
): Promise<TokenVerdict | undefined> {
  const found = await keySet.findKey(kid, algorithm);
  if (found.kind === 'cannot-tell') return found;
  if (found.kind !== 'found') return reject(found.kind, keyDetails[found.kind]);
  let result = await checkSignature(token, found.keys, algorithm);
  if (result === 'bad') {
    result = await checkSignature(token, await keySet.findNewerKeys(kid, algorithm, found.keys), algorithm);
  }
  if (result === 'good') return undefined;
  // Not a verdict of the cryptography about the token: never a 401, never an acceptance.
  if (result === 'broken') return { kind: 'cannot-tell', detail: 'the signature could not be checked' };
  return reject('bad-signature', 'the signature is not valid');
}

const keyDetails = {
  'unknown-key': 'the issuer has no such key, or the token names none and too many could be meant',
  'wrong-algorithm': 'the key is not for this algorithm',
} as const;

async function checkSignature(
  token: string,
  keys: readonly KeyObject[],
  algorithm: Algorithm,
): Promise<'good' | 'bad' | 'broken'> {
  let result: 'bad' | 'broken' = 'bad';
  for (const key of keys) {
    try {
      await compactVerify(token, key, { algorithms: [algorithm] });
      return 'good';
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) result = 'broken';
    }
  }
  return result;
}

function reject(reason: TokenError, detail: string): Extract<TokenVerdict, { kind: 'rejected' }> {
  return { kind: 'rejected', reason, detail };
}
