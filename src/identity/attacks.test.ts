import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostileTexts } from '../../test/support/hostile-values.ts';
import { type JwksServer, startJwksServer } from '../../test/support/jwks-server.ts';
import { respondJson, type StubServer, startStubServer } from '../../test/support/stub-server.ts';
import { createTokenSigner, encodePart } from '../../test/support/token-signer.ts';
import { createKeySet } from './key-set.ts';
import { tokenCharsMax } from './parse-token.ts';
import { createTokenVerifier, type TokenError, type TokenVerifier } from './verify-token.ts';

/**
 * The attacks that the known tools try (jwt_tool, jwtXploiter, jwt-fuzz), each with the reason it is rejected for.
 * Nothing that a token names may cause a call: the keys are warm, so the only fetches allowed are those
 * of an unknown key id or of a signature that no known key made, and the attacker's server must never be called. ASVS 5.0 V9.1 and V9.2.
 */
const issuer = 'https://auth.example.com/';
const nowMs = 1_700_000_000_000;
const nowSeconds = nowMs / 1000;
const rsa = createTokenSigner('RS256', 'rsa');
const elliptic = createTokenSigner('ES256', 'elliptic');
const attacker = createTokenSigner('RS256', 'rsa');
const claims = {
  iss: issuer,
  aud: 'auto_com_center',
  sub: 'scholar',
  iat: nowSeconds,
  exp: nowSeconds + 300,
};

let server: JwksServer;
let trap: StubServer;
let verifier: TokenVerifier;
beforeAll(async () => {
  server = await startJwksServer([rsa.jwk, elliptic.jwk]);
  trap = await startStubServer();
  trap.respondWith(respondJson(200, { keys: [attacker.jwk] }));
  const keySet = createKeySet({
    jwksUrl: server.jwksUrl,
    allowHttp: true,
    now: () => nowMs,
    random: () => 1,
  });
  verifier = createTokenVerifier({
    issuer,
    audiences: ['auto_com_center'],
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    clockToleranceSeconds: 5,
    lifetimeSecondsMax: 86_400,
    scopeMapping: {},
    keySet,
    now: () => nowMs,
  });
  await keySet.findKey('rsa', 'RS256');
});
afterAll(async () => {
  await server.close();
  await trap.close();
});

const none = (alg: string): string => `${encodePart({ alg, typ: 'JWT' })}.${encodePart(claims)}.`;
const signHmac = (secret: string, alg = 'HS256'): string => {
  const content = `${encodePart({ alg, kid: 'rsa', typ: 'JWT' })}.${encodePart(claims)}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
};
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const good = rsa.signToken(claims);
const [goodHeader = '', goodClaims = '', goodSignature = ''] = good.split('.');
const withHeader = (header: object): string => rsa.signToken(claims, header);
const withClaims = (changes: object): string => rsa.signToken({ ...claims, ...changes });
/** Signed by the attacker, who can write any header at all. */
const forge = (header: object): string => attacker.signToken(claims, header);
/** The same bytes in base64url that no encoder writes: the bits beyond the last byte are not zero (RFC 4648 §3.5). */
const withSpareBits = (part: number): string => {
  for (const pad of ['', 'x', 'xx']) {
    const parts = rsa.signToken({ ...claims, pad }, { pad }).split('.');
    const text = parts[part] ?? '';
    const spelt = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      .split('')
      .map((last) => text.slice(0, -1) + last)
      .find((other) => other !== text && decode(other).equals(decode(text)));
    // A length that is a multiple of three bytes leaves no bit over.
    if (spelt !== undefined) return parts.with(part, spelt).join('.');
  }
  throw new Error(`part ${part} never has spare bits`);
};
const decode = (text: string): Buffer => Buffer.from(text, 'base64url');
const rawClaims = (extra: string): string =>
  rsa.signToken(`${JSON.stringify(claims).slice(0, -1)},${extra}}`);

const attacks: [what: string, token: () => string, reason: TokenError][] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none ', 'NoNe'].map((alg): [string, () => string, TokenError] => [
    `alg "${alg}"`,
    () => none(alg),
    'wrong-algorithm',
  ]),
  [
    'alg none with the good signature',
    () => `${encodePart({ alg: 'none' })}.${goodClaims}.${goodSignature}`,
    'wrong-algorithm',
  ],
  ['no alg', () => withHeader({ alg: undefined }), 'wrong-algorithm'],
  ['alg as a list', () => withHeader({ alg: ['RS256'] }), 'wrong-algorithm'],
  ['alg in lower case', () => withHeader({ alg: 'rs256' }), 'wrong-algorithm'],
  [
    'an algorithm of the family that is not on the list',
    () => withHeader({ alg: 'RS512' }),
    'wrong-algorithm',
  ],
  ['HS256 with the public key as the secret', () => signHmac(pem), 'wrong-algorithm'],
  ['HS256 with the trimmed public key as the secret', () => signHmac(pem.trim()), 'wrong-algorithm'],
  ['HS256 with a blank secret', () => signHmac(''), 'wrong-algorithm'],
  ['HS256 with a weak secret', () => signHmac('secret'), 'wrong-algorithm'],
  ['an HMAC that says RS256', () => signHmac(pem, 'RS256'), 'bad-signature'],
  ['the key id of another algorithm', () => withHeader({ kid: 'elliptic' }), 'wrong-algorithm'],
  [
    'an all-zero ES256 signature',
    () =>
      `${encodePart({ alg: 'ES256', kid: 'elliptic' })}.${goodClaims}.${Buffer.alloc(64).toString('base64url')}`,
    'bad-signature',
  ],
  ['an empty signature', () => `${goodHeader}.${goodClaims}.`, 'bad-signature'],
  ['a missing signature', () => `${goodHeader}.${goodClaims}`, 'malformed'],
  [
    'a signature of another token',
    () => `${goodHeader}.${encodePart({ ...claims, sub: 'admin' })}.${goodSignature}`,
    'bad-signature',
  ],
  [
    'a shortened signature',
    () => `${goodHeader}.${goodClaims}.${decode(goodSignature).subarray(3).toString('base64url')}`,
    'bad-signature',
  ],
  ['somebody else’s key under a known key id', () => forge({}), 'bad-signature'],
  ['an embedded jwk', () => forge({ jwk: attacker.jwk }), 'forbidden-header'],
  ['an embedded x5c', () => forge({ x5c: ['MIIB'] }), 'forbidden-header'],
  ['jku to the attacker', () => forge({ jku: `${trap.url}/jku`, kid: 'attacker' }), 'forbidden-header'],
  ['jku to our own key address', () => withHeader({ jku: server.jwksUrl }), 'forbidden-header'],
  ['x5u to the attacker', () => forge({ x5u: `${trap.url}/x5u`, kid: 'attacker' }), 'forbidden-header'],
  [
    'iss of the attacker, to be discovered',
    () => attacker.signToken({ ...claims, iss: `${trap.url}/` }),
    'wrong-issuer',
  ],
  ['kid as a URL', () => forge({ kid: `${trap.url}/key` }), 'unknown-key'],
  ['crit', () => withHeader({ crit: ['exp'], exp: nowSeconds + 300 }), 'forbidden-header'],
  ['b64: false', () => withHeader({ crit: ['b64'], b64: false }), 'forbidden-header'],
  ['a compressed payload', () => withHeader({ zip: 'DEF' }), 'forbidden-header'],
  ['kid traversal', () => forge({ kid: '../../../../dev/null' }), 'unknown-key'],
  ['kid traversal, encoded', () => forge({ kid: '..%2f..%2fetc%2fpasswd' }), 'malformed'],
  ['kid with SQL', () => forge({ kid: "x' UNION SELECT 'secret';--" }), 'malformed'],
  ['kid with a command', () => forge({ kid: 'x|$(id)' }), 'malformed'],
  ['kid with a line end', () => forge({ kid: 'rsa\nx' }), 'malformed'],
  ['kid with a zero byte', () => forge({ kid: 'rsa\u0000' }), 'malformed'],
  ['kid as a list', () => forge({ kid: ['rsa'] }), 'malformed'],
  ['kid as a number', () => forge({ kid: 1 }), 'malformed'],
  ['an empty kid', () => forge({ kid: '' }), 'malformed'],
  ['a very long kid', () => forge({ kid: 'k'.repeat(257) }), 'malformed'],
  ['kid named like a member of every object', () => forge({ kid: '__proto__' }), 'unknown-key'],
  ['expired', () => withClaims({ iat: nowSeconds - 600, exp: nowSeconds - 300 }), 'expired'],
  ['not yet valid by nbf', () => withClaims({ nbf: nowSeconds + 60 }), 'not-yet-valid'],
  ['issued in the future', () => withClaims({ iat: nowSeconds + 60 }), 'not-yet-valid'],
  ['another issuer', () => withClaims({ iss: 'https://evil.test/' }), 'wrong-issuer'],
  ['an issuer with ours as its beginning', () => withClaims({ iss: `${issuer}evil` }), 'wrong-issuer'],
  ['no issuer', () => withClaims({ iss: undefined }), 'claim-missing'],
  ['another audience', () => withClaims({ aud: 'billing' }), 'wrong-audience'],
  ['a list of other audiences', () => withClaims({ aud: ['billing', 'auto_com_center2'] }), 'wrong-audience'],
  ['an audience as an object', () => withClaims({ aud: { 0: 'auto_com_center' } }), 'malformed'],
  ['no audience', () => withClaims({ aud: undefined }), 'claim-missing'],
  ['no expiry', () => withClaims({ exp: undefined }), 'claim-missing'],
  ['no time of issue', () => withClaims({ iat: undefined }), 'claim-missing'],
  ['nobody in it', () => withClaims({ sub: undefined }), 'claim-missing'],
  ['a huge expiry', () => withClaims({ exp: 9_999_999_999_999 }), 'lifetime-too-long'],
  [
    'an expiry beyond all numbers',
    () => rsa.signToken(`${JSON.stringify({ ...claims, exp: undefined }).slice(0, -1)},"exp":1e999}`),
    'malformed',
  ],
  ['an expiry as text', () => withClaims({ exp: '9999999999' }), 'malformed'],
  ['an ID token by its nonce', () => withClaims({ nonce: 'n' }), 'wrong-type'],
  ['an ID token by its at_hash', () => withClaims({ at_hash: 'h' }), 'wrong-type'],
  ['an ID token by its own word', () => withClaims({ token_use: 'id' }), 'wrong-type'],
  ['a refresh token', () => withClaims({ typ: 'Refresh' }), 'wrong-type'],
  ['a logout token', () => withHeader({ typ: 'logout+jwt' }), 'wrong-type'],
  ['a proof of possession', () => withHeader({ typ: 'dpop+jwt' }), 'wrong-type'],
  ['a type that is not text', () => withHeader({ typ: ['JWT'] }), 'wrong-type'],
  ['exp twice', () => rawClaims(`"exp":${nowSeconds + 9_999}`), 'duplicate-claim'],
  ['sub twice, once in disguise', () => rawClaims(String.raw`"\u0073ub":"admin"`), 'duplicate-claim'],
  ['alg twice', () => rsa.signToken(claims, '{"alg":"none","alg":"RS256","kid":"rsa"}'), 'duplicate-claim'],
  ['an encrypted token', () => 'eyJhbGciOiJSU0EtT0FFUCJ9.AAAA.AAAA.AAAA.AAAA', 'malformed'],
  [
    'a token in JSON form',
    () => JSON.stringify({ payload: goodClaims, signature: goodSignature }),
    'malformed',
  ],
  ['claims that are a list', () => rsa.signToken('[]'), 'malformed'],
  ['claims that are not JSON', () => rsa.signToken('{"iss":'), 'malformed'],
  ['a header that is null', () => rsa.signToken(claims, 'null'), 'malformed'],
  ['white space around', () => ` ${good}`, 'malformed'],
  ...[0, 1, 2].map((part): [string, () => string, TokenError] => [
    `spare bits at the end of part ${part + 1}: one token in another spelling`,
    () => withSpareBits(part),
    'malformed',
  ]),
  ['two tokens', () => `${good},${good}`, 'malformed'],
  ['padding', () => `${goodHeader}=.${goodClaims}.${goodSignature}`, 'malformed'],
  ['nothing', () => '', 'missing'],
  ['a token that is too long', () => withClaims({ padding: 'x'.repeat(tokenCharsMax) }), 'too-long'],
];

describe('every known attack is rejected for its own reason, and calls nobody', () => {
  test.each(attacks)('%s', async (_what, makeToken, reason) => {
    const fetchesBefore = server.fetchCount();
    const verdict = await verifier.verifyToken(makeToken());
    expect(verdict).toMatchObject({ kind: 'rejected', reason });
    expect(trap.seen).toHaveLength(0);
    const asksAgain = reason === 'unknown-key' || reason === 'bad-signature';
    expect(server.fetchCount() - fetchesBefore).toBeLessThanOrEqual(asksAgain ? 1 : 0);
  });

  test('the token that the attacks are made from is good', async () => {
    expect((await verifier.verifyToken(good)).kind).toBe('verified');
  });

  test('no detail repeats anything of the token', async () => {
    const marked = forge({ kid: 'marker-in-kid', jku: 'https://marker.test/' });
    const verdicts = [
      await verifier.verifyToken(marked),
      await verifier.verifyToken(forge({ kid: 'marker-in-kid' })),
      await verifier.verifyToken(withClaims({ iss: 'marker' })),
      await verifier.verifyToken('marker'),
    ];
    expect(JSON.stringify(verdicts)).not.toContain('marker');
  });
});

/**
 * What a stranger's token costs before its signature is known: claims as long as a token may be, each of a form that
 * could cost more than it is long.
 */
const roomForClaims = 5_600;
const fill = (text: string): string => text.repeat(Math.floor(roomForClaims / text.length));
const listed = (text: string): string => `[${fill(`${text},`)}${text}]`;
/** Some values are written longer than they were asked for. */
const fit = (make: (bytes: number) => string): string => {
  const sizes = [1, 2, 3, 4].map((part) => make(roomForClaims / part));
  return sizes.find((value) => Buffer.byteLength(value) <= roomForClaims) ?? '0';
};
const hostileClaims: readonly (readonly [what: string, claims: string])[] = [
  ...Object.entries(hostileTexts).map(([what, make]) => [what, `{"a":${fit(make)}}`] as const),
  ['brackets that nobody closes', fill('[')],
  ['quotes that nobody closes', fill('"')],
  ['white space before a colon', `{"a"${fill(' ')}:1}`],
  ['a thousand scopes', `{"scope":"${fill('a ')}"}`],
  ['a thousand permissions', `{"permissions":${listed('"a"')}}`],
  ['a thousand roles', `{"roles":${listed('"a"')}}`],
  ['a thousand audiences', `{"iss":"${issuer}","aud":${listed('"a"')}}`],
  ['a scope with a language tag that ICU would expand', `{"scope":"${fill('en-x-a-')}"}`],
];
/** An honest token costs a third of a millisecond, and strangers have no allowance that they could use up. */
const strangerMsMax = 5;

describe('a hostile token of full length costs little before its signature is known', () => {
  test.each(hostileClaims)('%s', async (_what, text) => {
    const tokens = [attacker.signToken(text), rsa.signToken(text)];
    expect(tokens[0]?.length).toBeLessThanOrEqual(tokenCharsMax);
    let least = Number.POSITIVE_INFINITY;
    // The least of some tries: the first of them compiles, and the clean-up of others falls into some.
    for (const token of Array.from({ length: 5 }, () => tokens).flat()) {
      const used = process.cpuUsage();
      expect((await verifier.verifyToken(token)).kind).toBe('rejected');
      const { user, system } = process.cpuUsage(used);
      least = Math.min(least, (user + system) / 1_000);
    }
    expect(least).toBeLessThan(strangerMsMax);
  });
});
