import { createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JwksMode, type JwksServer, startJwksServer } from '../../test/support/jwks-server.ts';
import { createTokenSigner } from '../../test/support/token-signer.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { createKeySet, type KeySet, type KeySetOptions } from './key-set.ts';

const old = createTokenSigner('RS256', 'old');
const young = createTokenSigner('ES256', 'young');
const minuteMs = 60_000;

let server: JwksServer;
let nowMs: number;
beforeEach(async () => {
  server = await startJwksServer([old.jwk]);
  nowMs = 0;
});
afterEach(() => server.close());

function createKeys(changes: Partial<KeySetOptions> = {}): KeySet {
  return createKeySet({
    jwksUrl: server.jwksUrl,
    allowHttp: true,
    now: () => nowMs,
    random: () => 1,
    ...changes,
  });
}

async function createWarmKeys(changes: Partial<KeySetOptions> = {}): Promise<KeySet> {
  const keys = createKeys(changes);
  expect(await kindOf(keys, 'old')).toBe('found');
  return keys;
}

async function kindOf(
  keys: KeySet,
  kid: string | undefined,
  algorithm: 'RS256' | 'ES256' = 'RS256',
): Promise<string> {
  return (await keys.findKey(kid, algorithm)).kind;
}

async function waitForFetches(count: number): Promise<void> {
  await waitFor(
    'the number of fetches',
    () => server.fetchCount(),
    (seen) => seen === count,
  );
}

describe('with the issuer up', () => {
  test('100 cold look-ups at once cost one fetch, and warm ones none', async () => {
    const keys = createKeys();
    await Promise.all(Array.from({ length: 100 }, () => keys.findKey('old', 'RS256')));
    await keys.findKey('old', 'RS256');
    expect(server.fetchCount()).toBe(1);
  });

  test('floods of unknown key ids, one by one or at once, cost three fetches and then one per cool-down', async () => {
    const keys = await createWarmKeys({ cooldownMs: 30_000 });
    for (let index = 0; index < 100; index += 1)
      expect(await kindOf(keys, `made-up-${index}`)).toBe('unknown-key');
    const together = Array.from({ length: 100 }, (_, index) => kindOf(keys, `other-${index}`));
    expect(new Set(await Promise.all(together))).toEqual(new Set(['unknown-key']));
    expect(server.fetchCount()).toBe(1 + 3);
    nowMs = 30_000;
    for (let index = 0; index < 100; index += 1) await keys.findKey(`more-${index}`, 'RS256');
    expect(server.fetchCount()).toBe(1 + 3 + 1);
  });

  test('a client that keeps sending one stale key id leaves the budget to real rotations', async () => {
    const keys = await createWarmKeys();
    for (let index = 0; index < 100; index += 1) expect(await kindOf(keys, 'withdrawn')).toBe('unknown-key');
    expect(server.fetchCount()).toBe(2);
    server.setKeys([old.jwk, young.jwk]);
    expect(await kindOf(keys, 'young', 'ES256')).toBe('found');
  });

  test('a key made while a fetch was under way is found, not called unknown', async () => {
    const keys = await createWarmKeys();
    server.setMode('held');
    const flood = keys.findKey('made-up', 'RS256');
    await waitForFetches(2);
    const rotated = kindOf(keys, 'young', 'ES256');
    server.setMode('keys');
    server.releaseHeld();
    server.setKeys([old.jwk, young.jwk]);
    expect(await rotated).toBe('found');
    expect((await flood).kind).toBe('unknown-key');
  });

  test('known keys are served without waiting while old ones are fetched again', async () => {
    const keys = await createWarmKeys({ refreshMs: 5 * minuteMs });
    server.setMode('held');
    nowMs = 5 * minuteMs;
    expect(await kindOf(keys, 'old')).toBe('found');
    await waitForFetches(2);
    server.releaseHeld();
  });

  test('a withdrawn key stops verifying once the keys are refreshed, and listeners hear of it once', async () => {
    const keys = await createWarmKeys({ refreshMs: 5 * minuteMs });
    let changes = 0;
    keys.onChange(() => (changes += 1));
    server.setKeys([young.jwk]);
    nowMs = 5 * minuteMs;
    await keys.findKey('young', 'ES256');
    expect(await kindOf(keys, 'old')).toBe('unknown-key');
    nowMs += 5 * minuteMs;
    await keys.findKey('made-up', 'RS256');
    expect(changes).toBe(1);
  });

  test('a key is for its own algorithm only, and asking for another costs nothing', async () => {
    const keys = await createWarmKeys();
    expect(await kindOf(keys, 'old', 'ES256')).toBe('wrong-algorithm');
    expect(server.fetchCount()).toBe(1);
  });

  test('a token without a key id gets every key for its algorithm, each once', async () => {
    const keys = await createWarmKeys();
    const count = async (algorithm: 'RS256' | 'ES256'): Promise<number> => {
      const result = await keys.findKey(undefined, algorithm);
      return result.kind === 'found' ? result.keys.length : 0;
    };
    expect(await count('RS256')).toBe(1);
    server.setKeys([old.jwk, old.jwk, createTokenSigner('RS256', 'second').jwk, young.jwk]);
    await keys.findKey('second', 'RS256');
    expect([await count('RS256'), await count('ES256')]).toEqual([2, 1]);
  });
});

describe('which keys are used', () => {
  const publicPart = { ...old.jwk };
  test.each([
    ['a weak RSA key', createTokenSigner('RS256', 'old', 1024).jwk],
    ['an encryption key', { ...publicPart, use: 'enc' }],
    ['a key that is not for verifying', { ...publicPart, key_ops: ['sign'] }],
    ['a key for another algorithm', { ...publicPart, alg: 'RS512' }],
    ['a secret', { kty: 'oct', kid: 'old', k: 'c2VjcmV0' }],
    ['a broken key', { ...publicPart, n: undefined }],
    ['a point that is not on its curve', { kty: 'EC', crv: 'P-256', kid: 'old', x: 'AAAA', y: 'AAAA' }],
    ['text', 'old'],
  ])('%s is left out, and the good key beside it serves', async (_what, jwk) => {
    server.setKeys([jwk as object, young.jwk]);
    const keys = createKeys();
    expect(await kindOf(keys, 'young', 'ES256')).toBe('found');
    expect(await kindOf(keys, 'old')).toBe('unknown-key');
  });

  /** Documents that are odd and mean one thing only. */
  test.each([
    ['a byte-order mark', (keys: object[]) => `\ufeff${JSON.stringify({ keys })}`],
    ['"use": null', (keys: object[]) => JSON.stringify({ keys: keys.map((key) => ({ ...key, use: null })) })],
    [
      '"alg" and "key_ops" null',
      (keys: object[]) => JSON.stringify({ keys: keys.map((key) => ({ ...key, alg: null, key_ops: null })) }),
    ],
  ])('a document with %s serves', async (_what, write) => {
    server.setBody(write([old.jwk]));
    expect(await kindOf(createKeys(), 'old')).toBe('found');
  });

  test('a key whose id is null is one without an id', async () => {
    server.setKeys([{ ...old.jwk, kid: null }]);
    const keys = createKeys();
    expect(await kindOf(keys, undefined)).toBe('found');
    expect(await kindOf(keys, 'old')).toBe('unknown-key');
  });

  test('URLs and certificates in a key are not looked at, and its private parts are dropped', async () => {
    server.setKeys([{ ...publicPart, x5u: `${server.jwksUrl}/x5u`, x5c: ['AAAA'], d: 'AAAA' }]);
    const result = await createKeys().findKey('old', 'RS256');
    const [key] = result.kind === 'found' ? result.keys : [];
    expect(key?.export({ format: 'jwk' })).toEqual(
      createPublicKey(old.publicKey.export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' }),
    );
    expect(server.fetchCount()).toBe(1);
  });
});

const outages: [JwksMode, string][] = [
  ['error', 'answered 500'],
  ['html', 'is not a key document'],
  ['huge', 'more than 262144 bytes'],
  ['redirect', 'redirect'],
  ['hang', 'did not answer within 200 ms'],
];

describe.each(outages)('with an issuer that gives "%s" in place of keys', (mode, words) => {
  const timeoutMs = mode === 'hang' ? 200 : 5_000;

  test('known keys serve until they are too old, then nobody can tell; then it recovers by itself', async () => {
    const keys = await createWarmKeys({ staleMsMax: 60 * minuteMs, timeoutMs });
    server.setMode(mode);
    nowMs = 60 * minuteMs;
    expect(await kindOf(keys, 'old')).toBe('found');
    nowMs = 60 * minuteMs + 1;
    const result = await keys.findKey('old', 'RS256');
    expect(result).toMatchObject({ kind: 'cannot-tell', detail: expect.stringContaining(words) });
    expect(keys.health()).toMatchObject({
      ok: false,
      ageMs: 60 * minuteMs + 1,
      detail: expect.stringContaining(words),
    });
    server.setMode('keys');
    nowMs += minuteMs;
    expect(await kindOf(keys, 'old')).toBe('found');
    expect(keys.health()).toMatchObject({ ok: true, ageMs: 0 });
  });

  test('from a cold start, 50 tokens one after another and 50 at once cost one fetch', async () => {
    const keys = createKeys({ timeoutMs });
    server.setMode(mode);
    for (let index = 0; index < 50; index += 1) expect(await kindOf(keys, 'old')).toBe('cannot-tell');
    await Promise.all(Array.from({ length: 50 }, () => keys.findKey('old', 'RS256')));
    expect(server.fetchCount()).toBe(1);
  });
});

describe('with the issuer down', () => {
  test('an hour of steady traffic costs about two fetches a minute, and no known key is refused', async () => {
    const keys = await createWarmKeys();
    server.setMode('error');
    const results = new Set<string>();
    for (nowMs = 0; nowMs < 60 * minuteMs; nowMs += 1_000) {
      results.add(await kindOf(keys, 'old'));
      // A fetch begun in the background ends before the clock moves on.
      await kindOf(keys, `made-up-${nowMs}`);
    }
    expect(results).toEqual(new Set(['found']));
    expect(server.fetchCount()).toBeLessThanOrEqual(1 + 5 + 120);
    expect(server.fetchCount()).toBeGreaterThan(100);
  });

  test('an unknown key id is not called unknown: it may be new', async () => {
    const keys = await createWarmKeys();
    server.setMode('error');
    expect(await kindOf(keys, 'young', 'ES256')).toBe('cannot-tell');
    expect(await kindOf(keys, 'young', 'ES256')).toBe('cannot-tell');
    server.setMode('keys');
    server.setKeys([old.jwk, young.jwk]);
    nowMs += 1_000;
    expect(await kindOf(keys, 'young', 'ES256')).toBe('found');
  });

  test('one lost answer is made good after the back-off, by known keys too, and costs no budget', async () => {
    const keys = await createWarmKeys();
    server.setMode('error');
    await keys.findKey('young', 'ES256');
    server.setMode('keys');
    server.setKeys([old.jwk, young.jwk]);
    nowMs += 1_000;
    expect(await kindOf(keys, 'old')).toBe('found');
    await waitFor(
      'the health of the keys',
      () => keys.health(),
      ({ detail }) => detail === 'keys are 0 s old',
    );
    expect(server.fetchCount()).toBe(3);
  });

  test('a document without usable keys never replaces good ones', async () => {
    const keys = await createWarmKeys();
    server.setKeys([]);
    expect(await kindOf(keys, 'young', 'ES256')).toBe('cannot-tell');
    expect(await kindOf(keys, 'old')).toBe('found');
  });
});

describe('life', () => {
  test('once started it has keys without being asked, also when the issuer comes late', async () => {
    server.setMode('error');
    const keys = createKeys();
    const life = new AbortController();
    expect(keys.health()).toEqual({ ok: false, detail: 'no keys have been fetched yet' });
    keys.start(life.signal);
    await waitFor(
      'the first fetch has failed',
      () => keys.health(),
      ({ detail }) => detail.includes('answered 500'),
    );
    server.setMode('keys');
    nowMs += 1_000;
    await waitFor(
      'keys are there',
      () => keys.health(),
      ({ ok }) => ok,
    );
    life.abort();
  });

  test('the key address is https, but for local runs', () => {
    expect(() => createKeys({ allowHttp: false })).toThrow('AUTH_JWKS_URL must be an https URL');
  });
});
