import { createSecretKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JwksServer, startJwksServer } from '../../test/support/jwks-server.ts';
import { createTokenSigner, type TokenSigner } from '../../test/support/token-signer.ts';
import { cacheVerdicts } from './cache-verdicts.ts';
import { createKeySet } from './key-set.ts';
import { createTokenVerifier, type TokenVerifier } from './verify-token.ts';

const issuer = 'https://auth.example.com/';
const startMs = 1_700_000_000_000;
const first = createTokenSigner('RS256', '2026-01');
const second = createTokenSigner('RS256', '2026-02');
/** Another key under the id of the first one. */
const twin = createTokenSigner('RS256', first.kid);
const forger = createTokenSigner('RS256', first.kid);
const lastElliptic = createTokenSigner('ES256', 'elliptic-8');
const elliptic = [
  ...Array.from({ length: 8 }, (_, at) => createTokenSigner('ES256', `elliptic-${at}`)),
  lastElliptic,
];
const stranger = createTokenSigner('ES256', 'stranger');

let server: JwksServer;
let nowMs: number;
let verifier: TokenVerifier;
beforeEach(async () => {
  server = await startJwksServer([first.jwk]);
  nowMs = startMs;
  const keySet = createKeySet({
    jwksUrl: server.jwksUrl,
    allowHttp: true,
    now: () => nowMs,
    random: () => 1,
  });
  const plain = createTokenVerifier({
    issuer,
    audiences: ['auto_com_center'],
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    clockToleranceSeconds: 5,
    lifetimeSecondsMax: 86_400,
    scopeMapping: { SystemService: ['notify.send'] },
    keySet,
    now: () => nowMs,
  });
  verifier = cacheVerdicts(plain, { now: () => nowMs, onChange: keySet.onChange });
});
afterEach(() => server.close());

function signToken(signer: TokenSigner, changes: object = {}, header: object = {}): string {
  const iat = Math.floor(nowMs / 1000);
  return signer.signToken(
    {
      iss: issuer,
      aud: 'auto_com_center',
      sub: 'scholar',
      iat,
      exp: iat + 300,
      ...changes,
    },
    header,
  );
}

describe('a good token', () => {
  test.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'signed with %s is verified, with its caller',
    async (algorithm) => {
      const signer = createTokenSigner(algorithm, algorithm);
      server.setKeys([signer.jwk]);
      const verdict = await verifier.verifyToken(
        signToken(signer, { client_id: 'upstream', scope: 'notify.send' }),
      );
      expect(verdict).toEqual({
        kind: 'verified',
        caller: { clientId: 'upstream', subject: 'scholar', scopes: new Set(['notify.send']) },
        expiresAtMs: startMs + 300_000,
      });
    },
  );

  test.each(['JWT', 'jwt', 'at+JWT', 'application/at+jwt', undefined])(
    'may call its type %s',
    async (typ) => {
      const token = first.signToken(
        { iss: issuer, aud: 'auto_com_center', sub: 's', iat: startMs / 1000, exp: startMs / 1000 + 300 },
        { typ },
      );
      expect((await verifier.verifyToken(token)).kind).toBe('verified');
    },
  );

  test('with the right signature and the wrong scope is verified: what it may do is for others to say', async () => {
    const verdict = await verifier.verifyToken(signToken(first, { scope: 'profile' }));
    expect(verdict).toMatchObject({ kind: 'verified', caller: { scopes: new Set() } });
  });
});

describe('through a rotation', () => {
  test('no token is refused in mid-run, and the new key costs one fetch', async () => {
    const kinds = new Set<string>();
    const verifyMany = async (signer: TokenSigner, from: number): Promise<void> => {
      const tokens = Array.from({ length: 50 }, (_, index) => signToken(signer, { jti: `${from + index}` }));
      for (const verdict of await Promise.all(tokens.map((token) => verifier.verifyToken(token))))
        kinds.add(verdict.kind);
    };
    await verifyMany(first, 0);
    server.setKeys([first.jwk, second.jwk]);
    await Promise.all([verifyMany(first, 100), verifyMany(second, 200)]);
    expect(kinds).toEqual(new Set(['verified']));
    expect(server.fetchCount()).toBe(2);
    // The old key goes once its last token has expired.
    server.setKeys([second.jwk]);
    nowMs += 10 * 60_000;
    await verifyMany(second, 300);
    expect(kinds).toEqual(new Set(['verified']));
  });

  test('a revoked key stops verifying within the refresh time, cached verdicts included', async () => {
    const token = signToken(first, { exp: startMs / 1000 + 3_600 });
    expect((await verifier.verifyToken(token)).kind).toBe('verified');
    server.setKeys([second.jwk]);
    nowMs += 5 * 60_000;
    await verifier.verifyToken(signToken(second));
    expect(await verifier.verifyToken(token)).toMatchObject({ kind: 'rejected', reason: 'unknown-key' });
  });

  test('what shuts every client out is told from strangers: their tokens were good before', async () => {
    const clients = ['a', 'b', 'c'];
    const tokens = clients.map((client_id) => signToken(first, { client_id }));
    for (const token of tokens) expect((await verifier.verifyToken(token)).kind).toBe('verified');
    server.setKeys([second.jwk]);
    await verifier.verifyToken(signToken(second));
    const verdicts = await Promise.all(tokens.map((token) => verifier.verifyToken(token)));
    expect(verdicts).toMatchObject(clients.map((issuedTo) => ({ reason: 'unknown-key', issuedTo })));
    const verdict = await verifier.verifyToken(signToken(createTokenSigner('RS256', first.kid)));
    expect(verdict).toMatchObject({ reason: 'unknown-key' });
    expect(verdict).not.toHaveProperty('issuedTo');
  });
});

describe('an issuer that names its keys badly', () => {
  /** Key documents as issuers publish them, and tokens that each must verify. */
  test.each([
    ['two keys, and a token that names none', [first.jwk, second.jwk], second, { kid: undefined }],
    ['one key listed twice, and a token that names none', [first.jwk, first.jwk], first, { kid: undefined }],
    ['two keys under one id, a token of the first', [first.jwk, twin.jwk], first, {}],
    ['two keys under one id, a token of the second', [first.jwk, twin.jwk], twin, {}],
    [
      'eight keys, and a token that names none',
      elliptic.slice(1).map(({ jwk }) => jwk),
      lastElliptic,
      { kid: undefined },
    ],
  ])('%s', async (_what, keys, signer, header) => {
    server.setKeys(keys);
    const token = signToken(signer, {}, header);
    expect((await verifier.verifyToken(token)).kind).toBe('verified');
    const isForRsa = signer.jwk['alg'] === 'RS256';
    const forged = signToken(isForRsa ? forger : stranger, {}, { kid: signer.kid, ...header });
    expect(await verifier.verifyToken(forged)).toMatchObject({ reason: 'bad-signature' });
  });

  test('with more keys than can be tried on one token, a token must name one', async () => {
    server.setKeys([...elliptic.slice(1), stranger].map(({ jwk }) => jwk));
    expect((await verifier.verifyToken(signToken(stranger))).kind).toBe('verified');
    const nameless = await verifier.verifyToken(signToken(stranger, {}, { kid: undefined }));
    expect(nameless).toMatchObject({ kind: 'rejected', reason: 'unknown-key' });
  });

  test('new key material under the same id is found with one fetch, and what the old key signed fails', async () => {
    const before = signToken(first);
    expect((await verifier.verifyToken(before)).kind).toBe('verified');
    server.setKeys([twin.jwk]);
    expect((await verifier.verifyToken(signToken(twin))).kind).toBe('verified');
    expect(server.fetchCount()).toBe(2);
    expect(await verifier.verifyToken(before)).toMatchObject({ reason: 'bad-signature' });
  });

  test.each([
    ['under a known key id', {}],
    ['that name no key', { kid: undefined }],
  ])('a flood of forged tokens %s costs one fetch a minute', async (_what, header) => {
    await verifier.verifyToken(signToken(first));
    const flood = async (): Promise<void> => {
      const tokens = Array.from({ length: 100 }, (_, at) => signToken(twin, { jti: `${at}` }, header));
      for (const verdict of await Promise.all(tokens.map((token) => verifier.verifyToken(token))))
        expect(verdict).toMatchObject({ reason: 'bad-signature' });
    };
    await flood();
    nowMs += 59_000;
    await flood();
    expect(server.fetchCount()).toBe(2);
    nowMs += 1_000;
    await flood();
    await flood();
    expect(server.fetchCount()).toBe(3);
    // The budget is still there for a real rotation.
    server.setKeys([first.jwk, second.jwk]);
    expect((await verifier.verifyToken(signToken(second))).kind).toBe('verified');
  });
});

describe('with the issuer down', () => {
  test('a forged token under a known key id is a bad one, at once and without a call', async () => {
    await verifier.verifyToken(signToken(first));
    server.setMode('error');
    await verifier.verifyToken(signToken(second));
    const fetches = server.fetchCount();
    const forged = signToken(forger);
    for (let count = 0; count < 20; count += 1)
      expect(await verifier.verifyToken(forged)).toMatchObject({ reason: 'bad-signature' });
    expect(server.fetchCount()).toBe(fetches);
  });

  test('from a cold start nobody can tell, for good and forged tokens alike', async () => {
    server.setMode('error');
    expect((await verifier.verifyToken(signToken(first))).kind).toBe('cannot-tell');
    expect((await verifier.verifyToken(signToken(forger))).kind).toBe('cannot-tell');
  });

  test('what could not pass anyway is rejected all the same, and asks for no key', async () => {
    server.setMode('error');
    const past = startMs / 1000 - 7_200;
    expect(await verifier.verifyToken(signToken(first, { iat: past, exp: past + 60 }))).toMatchObject({
      detail: 'the token has expired',
    });
    expect(await verifier.verifyToken(signToken(first, { aud: 'other' }))).toMatchObject({
      detail: 'the token is for another audience',
    });
    expect(server.fetchCount()).toBe(0);
  });

  test('known keys keep verifying, and a token can be judged as of its receipt when keys return', async () => {
    server.setMode('error');
    const token = signToken(first);
    const receivedAtMs = nowMs;
    expect((await verifier.verifyToken(token)).kind).toBe('cannot-tell');
    server.setMode('keys');
    nowMs += 3_600_000;
    expect((await verifier.verifyToken(token, receivedAtMs)).kind).toBe('verified');
    expect(await verifier.verifyToken(token)).toMatchObject({ kind: 'rejected', reason: 'expired' });
    const tooEarly = await verifier.verifyToken(token, receivedAtMs - 60_000);
    expect(tooEarly).toMatchObject({ kind: 'rejected', reason: 'not-yet-valid' });
    server.setMode('error');
    nowMs += 3_600_000;
    expect((await verifier.verifyToken(signToken(first))).kind).toBe('verified');
  });
});

describe('what a token is faulted for is counted as our issuer’s', () => {
  const past = startMs / 1000 - 7_200;
  const faults = [
    ['expired', { iat: past, exp: past + 60 }],
    ['wrong-audience', { aud: 'other' }],
  ] as const;

  test.each(faults)('only when our issuer signed it: %s', async (reason, changes) => {
    expect((await verifier.verifyToken(signToken(first))).kind).toBe('verified');
    const proved = await verifier.verifyToken(signToken(first, changes));
    const forged = await verifier.verifyToken(signToken(forger, changes));
    expect(proved).toMatchObject({ reason, issuedTo: 'sub:scholar' });
    expect(forged).toMatchObject({ kind: 'rejected', reason: 'unproved' });
    expect(forged).not.toHaveProperty('issuedTo');
    expect(server.fetchCount(), 'no key is asked for').toBe(1);
  });
});

test('a fault in the cryptography itself is no verdict about the token', async () => {
  const token = signToken(first);
  const broken = createTokenVerifier({
    issuer,
    audiences: ['auto_com_center'],
    algorithms: ['RS256'],
    clockToleranceSeconds: 5,
    lifetimeSecondsMax: 86_400,
    scopeMapping: {},
    // A secret in place of a public key can only come from a fault of ours.
    keySet: {
      findKey: async () => ({ kind: 'found', keys: [createSecretKey(Buffer.alloc(32))] }),
      findNewerKeys: async () => [],
      peekKey: () => ({ kind: 'unknown-key' }),
    },
    now: () => nowMs,
  });
  expect((await broken.verifyToken(token)).kind).toBe('cannot-tell');
});
