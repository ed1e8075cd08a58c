import type { ClientId } from '../domain/ids.ts';
import { isRoleToken } from './read-scopes.ts';

export interface ClaimRules {
  readonly issuer: string;
  /** A token for any one of these is for us. */
  readonly audiences: readonly string[];
  readonly clockToleranceSeconds: number;
  /** Longest `exp − iat` that is accepted. */
  readonly lifetimeSecondsMax: number;
  /** The same for tokens that carry a role and no scope (24 h in use); default: no difference. */
  readonly roleLifetimeSecondsMax?: number;
}

export type ClaimError =
  | 'malformed'
  | 'claim-missing'
  | 'wrong-type'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'expired'
  | 'not-yet-valid'
  | 'lifetime-too-long';

export type ClaimVerdict =
  | {
      readonly kind: 'good';
      readonly clientId: ClientId;
      /** `sub`: the person or account that the token is about, when it says so. Never a name of a client. */
      readonly subject?: string;
      readonly expiresAtMs: number;
    }
  | { readonly kind: 'bad'; readonly reason: ClaimError; readonly detail: string };

type Claims = Readonly<Record<string, unknown>>;
type Bad = Extract<ClaimVerdict, { kind: 'bad' }>;

/**
 * Judges what a token says, as of the instant `atMs`, without looking at its signature. Details are fixed
 * texts: nothing of the token is repeated. Sources: RFC 7519 §4.1, RFC 9068 §4, RFC 8725 §3, ASVS 5.0 V9.2.
 */
export function judgeClaims(claims: Claims, rules: ClaimRules, atMs: number): ClaimVerdict {
  const error =
    findForeignClaim(claims) ??
    judgeIssuer(claims, rules) ??
    judgeAudience(claims, rules) ??
    judgeTimes(claims, rules, atMs / 1000);
  return error ?? readCaller(claims);
}

/** Whose token it says it is, whatever else is wrong with it; undefined when it names no valid client. */
export function nameClient(claims: Claims): ClientId | undefined {
  const named = readCaller(claims);
  return named.kind === 'good' ? named.clientId : undefined;
}

/**
 * Claims that only tokens of another kind carry. ID tokens: `nonce`, `at_hash`, `c_hash`, `s_hash`. Logout and
 * security event tokens: `events`. Sender-constrained tokens: `cnf`, which must not pass as bearer tokens
 * (RFC 9449 §7.2, RFC 8705 §3) and whose proof we do not check.
 */
const foreignClaims = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events', 'cnf'] as const;

function findForeignClaim(claims: Claims): Bad | undefined {
  if (foreignClaims.some((name) => claims[name] !== undefined)) {
    return bad('wrong-type', 'this is not a bearer access token: it carries claims of another kind of token');
  }
  // Two issuers in wide use say the kind in a claim of their own: `token_use: "id"`, `typ: "ID" | "Refresh"`.
  const kinds = [claims['token_use'], claims['typ']];
  if (kinds.some((kind) => typeof kind === 'string' && ['id', 'refresh'].includes(kind.toLowerCase()))) {
    return bad('wrong-type', 'an ID or refresh token was sent in place of an access token');
  }
  return undefined;
}

function judgeIssuer(claims: Claims, rules: ClaimRules): Bad | undefined {
  if (claims['iss'] === undefined) return bad('claim-missing', 'the token names no issuer (iss)');
  return claims['iss'] === rules.issuer ? undefined : bad('wrong-issuer', 'the token is from another issuer');
}

function judgeAudience(claims: Claims, rules: ClaimRules): Bad | undefined {
  const audience = claims['aud'];
  if (audience === undefined) return bad('claim-missing', 'the token names no audience (aud)');
  const named: unknown[] = Array.isArray(audience) ? audience : [audience];
  if (named.some((one) => typeof one !== 'string')) return bad('malformed', 'the audience (aud) is not text');
  return named.some((one) => typeof one === 'string' && rules.audiences.includes(one))
    ? undefined
    : bad('wrong-audience', 'the token is for another audience');
}

function judgeTimes(claims: Claims, rules: ClaimRules, atSeconds: number): Bad | undefined {
  const { exp, iat, nbf = iat } = claims;
  if (exp === undefined || iat === undefined) {
    return bad('claim-missing', 'the token must say when it was issued (iat) and when it expires (exp)');
  }
  if (!isInstant(exp) || !isInstant(iat) || !isInstant(nbf)) {
    return bad('malformed', 'exp, iat and nbf must be seconds since 1970');
  }
  if (atSeconds >= exp + rules.clockToleranceSeconds) return bad('expired', 'the token has expired');
  if (atSeconds < Math.max(iat, nbf) - rules.clockToleranceSeconds) {
    return bad('not-yet-valid', 'the token is not valid yet');
  }
  return exp - iat > readLifetimeMax(claims, rules)
    ? bad('lifetime-too-long', 'the token is valid for too long')
    : undefined;
}

function readLifetimeMax(claims: Claims, rules: ClaimRules): number {
  const { lifetimeSecondsMax, roleLifetimeSecondsMax = lifetimeSecondsMax } = rules;
  return isRoleToken(claims) ? roleLifetimeSecondsMax : lifetimeSecondsMax;
}

function isInstant(claim: unknown): claim is number {
  return typeof claim === 'number' && Number.isFinite(claim) && claim >= 0;
}

/** Printable ASCII without spaces: an identity ends up in log lines, record keys and audit entries. */
const namePattern = /^[\x21-\x7e]{1,200}$/;

/** Names that other kinds of actors have in records and in the audit: subjects, `acc` at the store, the guard. */
const reservedNames = /^(sub:|cli:|guard$)/;

/**
 * The client is who `client_id` names, else `azp`: the registered claims for it (RFC 9068 §2.2, OpenID Connect Core
 * §2). A token with neither speaks for its subject, which has a name space of its own: a subject that is called like a
 * client must not read that client's events (RFC 9068 §5). Claims of single vendors (`cid`, `appid`) name nobody here,
 * since elsewhere they may be anything.
 */
function readCaller(claims: Claims): ClaimVerdict {
  const { client_id: clientId, azp, sub } = claims;
  const client = clientId ?? azp ?? undefined;
  if (!isNameOrAbsent(client) || !isNameOrAbsent(sub)) {
    return bad('malformed', 'client_id, azp and sub must be 1 to 200 printable ASCII characters');
  }
  const name = client ?? nameSubject(sub);
  if (name === undefined) return bad('claim-missing', 'the token names neither client_id nor sub');
  if (name === client && reservedNames.test(client)) {
    return bad('malformed', 'client_id and azp must not begin with sub: or cli:, nor be "guard"');
  }
  const subject = sub === undefined ? {} : { subject: sub };
  return { kind: 'good', clientId: name as ClientId, ...subject, expiresAtMs: Number(claims['exp']) * 1000 };
}

function nameSubject(subject: string | undefined): string | undefined {
  return subject === undefined ? undefined : `sub:${subject}`;
}

function isNameOrAbsent(claim: unknown): claim is string | undefined {
  return claim === undefined || (typeof claim === 'string' && namePattern.test(claim));
}

function bad(reason: ClaimError, detail: string): Bad {
  return { kind: 'bad', reason, detail };
}
