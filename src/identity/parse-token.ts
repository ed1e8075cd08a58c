import { isUtf8 } from 'node:buffer';
import { readStrictJson } from '../domain/strict-json.ts';

/** The signature algorithms that can be configured. Asymmetric only: a public key must never verify an HMAC. */
export type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

export interface TokenParts {
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

export type HeaderError =
  | 'missing'
  | 'too-long'
  | 'malformed'
  | 'duplicate-claim'
  | 'wrong-algorithm'
  | 'forbidden-header'
  | 'wrong-type';

export type TokenParse =
  | { readonly kind: 'parsed'; readonly parts: TokenParts }
  | { readonly kind: 'bad'; readonly reason: HeaderError; readonly detail: string };

/** A token longer than this is refused before anything in it is read. */
export const tokenCharsMax = 8192;

/** Three base64url parts (RFC 7515 §7.1). The signature may be empty, so that `none` is named as what it is. */
const compactForm = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/;
const kidPattern = /^[\w.:=+/@~-]{1,256}$/;
/** Headers that bring a key along (RFC 8725 §3.10) or ask for rules that we do not know (RFC 7515 §4.1.11). */
const forbiddenHeaders = ['jku', 'x5u', 'jwk', 'x5c', 'crit', 'zip', 'b64'] as const;
/** Access tokens (RFC 9068 §2.1); many issuers write plain `JWT` or nothing. */
const acceptedTypes = ['at+jwt', 'application/at+jwt', 'jwt', 'application/jwt'];

/** Takes a token apart and refuses every header that we do not want. Verifies nothing, fetches nothing. */
export function parseToken(token: string, allowed: readonly Algorithm[]): TokenParse {
  if (token === '') return bad('missing', 'no bearer token was sent');
  if (token.length > tokenCharsMax) return bad('too-long', `a token has at most ${tokenCharsMax} characters`);
  const [headerBytes, claimsBytes] = decodeParts(token) ?? [];
  if (headerBytes === undefined || claimsBytes === undefined) {
    return bad('malformed', 'a token is three base64url parts with dots between them');
  }
  const header = parseStrictJson(headerBytes);
  const claims = parseStrictJson(claimsBytes);
  if (header.kind === 'malformed' || claims.kind === 'malformed') {
    return bad('malformed', 'header and claims of a token must be JSON objects');
  }
  if (header.kind === 'duplicate-key' || claims.kind === 'duplicate-key') {
    return bad('duplicate-claim', 'the token names a header or a claim twice');
  }
  return judgeHeader(header.value, claims.value, allowed);
}

/**
 * The bytes of the three parts, each written as every encoder writes it: bits beyond the last byte that are not zero would
 * make many texts of one token (RFC 4648 §3.5), and no issuer sets them.
 */
function decodeParts(token: string): readonly Buffer[] | undefined {
  const parts = compactForm.exec(token)?.slice(1) ?? [];
  const decoded = parts.map((part) => Buffer.from(part, 'base64url'));
  return decoded.every((bytes, at) => bytes.toString('base64url') === parts[at]) ? decoded : undefined;
}

function judgeHeader(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  allowed: readonly Algorithm[],
): TokenParse {
  const { alg, typ = 'JWT', kid } = header;
  const algorithm = allowed.find((one) => one === alg);
  if (algorithm === undefined) {
    return bad('wrong-algorithm', `the token must be signed with ${allowed.join(', ')}`);
  }
  if (forbiddenHeaders.some((name) => Object.hasOwn(header, name))) {
    return bad('forbidden-header', `the header must not hold ${forbiddenHeaders.join(', ')}`);
  }
  if (typeof typ !== 'string' || !acceptedTypes.includes(typ.toLowerCase())) {
    return bad('wrong-type', 'the header type (typ) must be at+jwt or JWT');
  }
  if (kid !== undefined && (typeof kid !== 'string' || !kidPattern.test(kid))) {
    return bad('malformed', 'the key id (kid) must be 1 to 256 letters, digits or . _ : = + / @ ~ -');
  }
  return { kind: 'parsed', parts: { algorithm, kid, claims } };
}

function bad(reason: HeaderError, detail: string): TokenParse {
  return { kind: 'bad', reason, detail };
}

type StrictJson =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'duplicate-key' };

/**
 * A JSON object in UTF-8 that names no member twice, at any depth: with two `exp` in a token, its issuer and we could
 * each believe another one (RFC 7519 §4 lets a parser refuse them). Names are compared after unescaping.
 */
export function parseStrictJson(bytes: Buffer): StrictJson {
  const reading = isUtf8(bytes) ? readStrictJson(bytes.toString('utf8')) : undefined;
  if (reading?.kind !== 'read' || !isPlainObject(reading.value)) return { kind: 'malformed' };
  return reading.flaws.some(({ kind }) => kind === 'duplicate-member')
    ? { kind: 'duplicate-key' }
    : { kind: 'object', value: reading.value };
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
