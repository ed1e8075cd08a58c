import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { respondJson, type StubServer, startStubServer } from '../../test/support/stub-server.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { createOwnToken, type OwnToken, type OwnTokenOptions } from './own-token.ts';

const patience = new AbortController().signal;
const secret = 's3cr:t & more';

let server: StubServer;
let nowMs: number;
beforeEach(async () => {
  server = await startStubServer();
  nowMs = 0;
  grantTokens();
});
afterEach(() => server.close());

/** Tokens `token-1`, `token-2`, … named after the request that they answer. */
function grantTokens(extra: object = { expires_in: 300 }): void {
  server.respondWith((response) =>
    respondJson(200, { access_token: `token-${server.seen.length}`, token_type: 'Bearer', ...extra })(
      response,
    ),
  );
}

function createToken(changes: Partial<OwnTokenOptions> = {}): OwnToken {
  return createOwnToken({
    tokenUrl: `${server.url}/token`,
    allowHttp: true,
    clientId: 'auto com:center',
    clientSecret: secret,
    now: () => nowMs,
    random: () => 1,
    ...changes,
  });
}

async function read(own: OwnToken, refused?: string): Promise<string> {
  const result = await own.readToken(patience, refused);
  return result.kind === 'ready' ? result.token : result.kind;
}

async function waitForRequests(count: number): Promise<void> {
  await waitFor(
    'the number of token requests',
    () => server.seen.length,
    (seen) => seen === count,
  );
}

describe('a token of our own', () => {
  test('is asked for by client credentials, the secret form-encoded in the header', async () => {
    await read(
      createToken({
        audience: 'scholarship_api',
        scope: 'students.read',
        resource: 'https://api.example.com',
      }),
    );
    const [request] = server.seen;
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'client_credentials',
      audience: 'scholarship_api',
      scope: 'students.read',
      resource: 'https://api.example.com',
    });
    const credentials = Buffer.from(
      request?.headers.authorization?.slice('Basic '.length) ?? '',
      'base64',
    ).toString();
    expect(credentials).toBe('auto+com%3Acenter:s3cr%3At+%26+more');
  });

  test('can be asked for with the secret in the form', async () => {
    await read(createToken({ secretIn: 'form' }));
    const form = Object.fromEntries(new URLSearchParams(server.seen[0]?.body));
    expect(form).toEqual({
      grant_type: 'client_credentials',
      client_id: 'auto com:center',
      client_secret: secret,
    });
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
  });

  test('is asked for once by 50 callers at once, and then kept', async () => {
    const own = createToken();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => read(own)));
    expect(new Set(tokens)).toEqual(new Set(['token-1']));
    expect(server.seen).toHaveLength(1);
  });

  test('is renewed at 80 % of its life, while the old one is handed out without waiting', async () => {
    const own = createToken();
    await read(own);
    nowMs = 239_999;
    expect(await read(own)).toBe('token-1');
    expect(server.seen).toHaveLength(1);
    nowMs = 240_000;
    expect(await read(own)).toBe('token-1');
    await waitForRequests(2);
    await waitFor(
      'the new token',
      () => read(own),
      (token) => token === 'token-2',
    );
  });

  test('is used until it really expires when it cannot be renewed, and not a millisecond longer', async () => {
    const own = createToken();
    await read(own);
    server.respondWith(respondJson(503, {}));
    nowMs = 240_000;
    await read(own);
    await waitFor(
      'the failed renewal',
      () => own.health().detail,
      (detail) => detail.includes('503'),
    );
    expect(own.health().ok).toBe(true);
    nowMs = 299_999;
    expect(await read(own)).toBe('token-1');
    nowMs = 300_000;
    expect(await read(own)).toBe('unavailable');
    expect(own.health().ok).toBe(false);
  });

  test('lives for a minute when the issuer does not say', async () => {
    grantTokens({});
    const own = createToken();
    await read(own);
    nowMs = 47_999;
    await read(own);
    expect(server.seen).toHaveLength(1);
    nowMs = 60_000;
    expect(await read(own)).toBe('token-2');
  });

  test('that a service refused is replaced once, however many calls were refused', async () => {
    const own = createToken();
    await read(own);
    nowMs = 20_000;
    const tokens = await Promise.all(Array.from({ length: 20 }, () => read(own, 'token-1')));
    expect(new Set(tokens)).toEqual(new Set(['token-2']));
    expect(server.seen).toHaveLength(2);
  });

  test('a service that refuses every token causes one renewal in ten seconds', async () => {
    const own = createToken();
    let token = await read(own);
    for (nowMs = 0; nowMs < 60_000; nowMs += 500) token = await read(own, token);
    expect(server.seen).toHaveLength(1 + 6);
  });
});

describe('when no token can be had', () => {
  test.each([
    [
      'bad credentials',
      respondJson(401, { error: 'invalid_client' }),
      'answered 401 (invalid_client): check client id',
    ],
    ['an error in prose', respondJson(400, { error: `no: ${secret}` }), 'answered 400: check client id'],
    ['a web page', (response) => void response.end('<h1>Sign in</h1>'), 'not a bearer token'],
    [
      'another kind of token',
      respondJson(200, { access_token: 'x', token_type: 'mac' }),
      'not a bearer token',
    ],
    [
      'a token with a line end',
      respondJson(200, { access_token: 'x\r\ny', token_type: 'bearer' }),
      'not a bearer token',
    ],
    ['a redirect', (response) => void response.writeHead(302, { location: '/x' }).end(), 'redirect'],
  ] satisfies [string, Parameters<StubServer['respondWith']>[0], string][])(
    'for %s, it says so without the secret, and backs off',
    async (_what, result, words) => {
      server.respondWith(result);
      const own = createToken();
      const results = await Promise.all(Array.from({ length: 20 }, () => own.readToken(patience)));
      for (const one of results)
        expect(one).toMatchObject({ kind: 'unavailable', detail: expect.stringContaining(words) });
      expect(JSON.stringify([results, own.health()])).not.toContain(secret);
      for (nowMs = 0; nowMs < 60_000; nowMs += 100) await own.readToken(patience);
      // 1, 2, 4, 8, 16 s, then every 30 s.
      expect(server.seen).toHaveLength(6);
      grantTokens();
      nowMs += 30_000;
      expect(await read(own)).toMatch(/^token-/);
    },
  );

  test('a caller that gives up gets its answer at once, and the request goes on for the others', async () => {
    let answerNow = (): void => undefined;
    server.respondWith((response) => {
      answerNow = () =>
        respondJson(200, { access_token: 'late', token_type: 'Bearer', expires_in: 300 })(response);
    });
    const own = createToken();
    const impatience = new AbortController();
    const given = own.readToken(impatience.signal);
    const waiting = read(own);
    await waitForRequests(1);
    impatience.abort();
    expect(await given).toMatchObject({ kind: 'unavailable', detail: expect.stringContaining('abandoned') });
    answerNow();
    expect(await waiting).toBe('late');
  });

  test('the token address is https, but for local runs', () => {
    expect(() => createToken({ allowHttp: false })).toThrow('M2M_TOKEN_URL must be an https URL');
  });
});

test('once started, it has a token without being asked', async () => {
  const own = createToken();
  const life = new AbortController();
  own.start(life.signal);
  await waitFor(
    'the token',
    () => own.health().ok,
    (ok) => ok,
  );
  expect(await read(own)).toBe('token-1');
  life.abort();
});
