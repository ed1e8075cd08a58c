import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { respondJson, type StubServer, startStubServer } from '../../test/support/stub-server.ts';
import type { DirectoryResult } from '../domain/recipient.ts';
import {
  cacheResults,
  createHttpDirectory,
  type HttpDirectoryOptions,
  type ReadToken,
} from './directory-http.ts';

const patience = new AbortController().signal;
const person = {
  student_id: 's1',
  name: 'Jo',
  email: 'jo@example.com',
  locale: 'en-GB',
  time_zone: 'Europe/London',
};
const found: DirectoryResult = {
  kind: 'found',
  recipient: {
    id: 's1',
    name: 'Jo',
    email: 'jo@example.com' as never,
    locale: 'en-GB',
    timeZone: 'Europe/London',
  },
};

let server: StubServer;
let refusedTokens: string[];
beforeEach(async () => {
  server = await startStubServer();
  refusedTokens = [];
});
afterEach(() => server.close());

/** Hands out `fresh-N` after N refusals. */
const readToken: ReadToken = async (_signal, refused) => {
  if (refused !== undefined) refusedTokens.push(refused);
  return { kind: 'ready', token: `fresh-${refusedTokens.length}` };
};

async function lookUp(id = 's1', changes: Partial<HttpDirectoryOptions> = {}): Promise<DirectoryResult> {
  const directory = createHttpDirectory({
    baseUrl: `${server.url}/v1/`,
    idField: 'student_id',
    allowHttp: true,
    readToken,
    now: () => 0,
    ...changes,
  });
  return directory.lookUpRecipient(id, patience);
}

describe('a look-up', () => {
  test('finds a person with our own token', async () => {
    server.respondWith(respondJson(200, person));
    expect(await lookUp()).toEqual(found);
    expect(server.seen).toMatchObject([
      { method: 'GET', path: '/v1/students/s1', headers: { authorization: 'Bearer fresh-0' } },
    ]);
  });

  test.each([
    ['a/b?c#d e', '/v1/students/a%2Fb%3Fc%23d%20e'],
    ['%2e%2e', '/v1/students/%252e%252e'],
    ['../admin', '/v1/students/..%2Fadmin'],
  ])('the id %s stays one segment of the path', async (id, path) => {
    server.respondWith(respondJson(200, { ...person, student_id: id }));
    expect(await lookUp(id)).toMatchObject({ kind: 'found' });
    expect(server.seen[0]?.path).toBe(path);
  });

  test.each([[''], ['.'], ['..'], ['x'.repeat(201)]])(
    'the id %j is nobody, and nobody is asked',
    async (id) => {
      expect(await lookUp(id)).toEqual({ kind: 'not-found' });
      expect(server.seen).toHaveLength(0);
    },
  );
});

describe('the three different ends', () => {
  test('404 is not-found, unless it is a web page from somewhere else', async () => {
    server.respondWith(respondJson(404, { code: 'not-found' }));
    expect(await lookUp()).toEqual({ kind: 'not-found' });
    server.respondWith(
      (response) => void response.writeHead(404, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>'),
    );
    expect(await lookUp()).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('check that DIRECTORY_URL'),
    });
  });

  test.each([403, 410, 451])('%i is refused', async (status) => {
    server.respondWith(respondJson(status, {}));
    expect(await lookUp()).toEqual({ kind: 'refused', detail: `the directory answered ${status}` });
  });

  test.each([204, 400, 429, 500, 502, 503])('%i is unreachable', async (status) => {
    server.respondWith((response) => void response.writeHead(status).end());
    expect(await lookUp()).toEqual({ kind: 'unreachable', detail: `the directory answered ${status}` });
  });

  test('a bad address is refused without showing it', async () => {
    server.respondWith(respondJson(200, { ...person, email: 'jo@example.com,eve@evil.test' }));
    const result = await lookUp();
    expect(result).toMatchObject({ kind: 'refused', detail: expect.stringContaining('email') });
    expect(JSON.stringify(result)).not.toContain('evil');
  });

  test.each([
    ['another person', { ...person, student_id: 's2' }, 'another person'],
    ['no id', { email: 'jo@example.com' }, 'student_id'],
    ['an address of the wrong type', { ...person, email: ['jo@example.com'] }, 'email'],
    ['a list', [person], 'the whole body'],
  ])('%s is unreachable, showing no address', async (_what, body, words) => {
    server.respondWith(respondJson(200, body));
    const result = await lookUp();
    expect(result).toMatchObject({ kind: 'unreachable', detail: expect.stringContaining(words) });
    expect(JSON.stringify(result)).not.toContain('example.com');
  });

  test.each([
    ['what is not JSON', '<h1>Sign in</h1>', 'not a person'],
    ['10 MB', JSON.stringify({ ...person, padding: 'x'.repeat(10 * 1024 * 1024) }), 'more than 65536 bytes'],
  ])('%s is unreachable', async (_what, body, words) => {
    server.respondWith((response) => void response.writeHead(200).end(body));
    expect(await lookUp()).toMatchObject({ kind: 'unreachable', detail: expect.stringContaining(words) });
  });

  test('a redirect, silence and a closed door are unreachable', async () => {
    server.respondWith((response) => void response.writeHead(302, { location: '/v1/students/s2' }).end());
    expect(await lookUp()).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('redirect'),
    });
    server.respondWith(() => undefined);
    expect(await lookUp('s1', { timeoutMs: 50 })).toMatchObject({
      detail: 'the directory did not answer within 50 ms',
    });
    await server.close();
    expect(await lookUp()).toMatchObject({ detail: expect.stringContaining('could not be reached') });
  });
});

describe('our own token', () => {
  test('that is refused is replaced once, and the look-up made once more', async () => {
    server.respondWith((response, request) => {
      const isFresh = request.headers.authorization === 'Bearer fresh-1';
      respondJson(isFresh ? 200 : 401, isFresh ? person : {})(response);
    });
    expect(await lookUp()).toEqual(found);
    expect(refusedTokens).toEqual(['fresh-0']);
    expect(server.seen).toHaveLength(2);
  });

  test('refused twice is our fault and not the recipient’s: unreachable', async () => {
    server.respondWith(respondJson(401, {}));
    expect(await lookUp()).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('audience and scope'),
    });
    expect(server.seen).toHaveLength(2);
  });

  test('that cannot be had is unreachable, and the directory is not asked without one', async () => {
    const none: ReadToken = async () => ({ kind: 'unavailable', detail: 'the token endpoint answered 503' });
    expect(await lookUp('s1', { readToken: none })).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('answered 503'),
    });
    expect(server.seen).toHaveLength(0);
  });

  test('goes over https only, but for local runs', async () => {
    await expect(lookUp('s1', { allowHttp: false })).rejects.toThrow('DIRECTORY_URL must be an https URL');
  });
});

test('the id is read from the field that it is set to stand in', async () => {
  const { student_id: id, ...rest } = person;
  const idField = 'applicant_ref';
  server.respondWith(respondJson(200, { ...rest, student_id: 's9', applicant_ref: id }));
  expect(await lookUp('s1', { idField })).toEqual(found);
  server.respondWith(respondJson(200, person));
  expect(await lookUp('s1', { idField })).toMatchObject({
    kind: 'unreachable',
    detail: expect.stringContaining('(wrong: applicant_ref)'),
  });
});

function setUp(result: () => DirectoryResult | Promise<DirectoryResult>, entriesMax = 100) {
  const state = { nowMs: 0, asked: [] as string[] };
  const ask = async (id: string): Promise<DirectoryResult> => {
    state.asked.push(id);
    return result();
  };
  return { state, directory: cacheResults(ask, () => state.nowMs, entriesMax) };
}

describe('cacheResults', () => {
  test.each([
    ['found', found, 60_000],
    ['not-found', { kind: 'not-found' }, 10_000],
    ['refused', { kind: 'refused', detail: '' }, 10_000],
  ] satisfies [string, DirectoryResult, number][])(
    'caches "%s" for its time and no longer',
    async (_kind, result, keptMs) => {
      const { state, directory } = setUp(() => result);
      expect(await directory.lookUpRecipient('s1', patience)).toEqual(result);
      state.nowMs = keptMs - 1;
      expect(await directory.lookUpRecipient('s1', patience)).toEqual(result);
      expect(state.asked).toHaveLength(1);
      state.nowMs = keptMs;
      await directory.lookUpRecipient('s1', patience);
      expect(state.asked).toHaveLength(2);
    },
  );

  test('never caches "unreachable"', async () => {
    const { state, directory } = setUp(() => ({ kind: 'unreachable', detail: '' }));
    await directory.lookUpRecipient('s1', patience);
    await directory.lookUpRecipient('s1', patience);
    expect(state.asked).toHaveLength(2);
  });

  test('asks once for all who ask at once, and one who gives up spoils nothing', async () => {
    let finish = (_answer: DirectoryResult): void => undefined;
    const { state, directory } = setUp(() => new Promise((resolve) => (finish = resolve)));
    const impatience = new AbortController();
    const given = directory.lookUpRecipient('s1', impatience.signal);
    const others = Array.from({ length: 10 }, () => directory.lookUpRecipient('s1', patience));
    impatience.abort();
    expect(await given).toEqual({ kind: 'unreachable', detail: 'the look-up was abandoned' });
    finish(found);
    expect(new Set(await Promise.all(others))).toEqual(new Set([found]));
    expect(state.asked).toEqual(['s1']);
  });

  test('holds a bounded number of people', async () => {
    const { state, directory } = setUp(() => found, 2);
    for (const id of ['a', 'b', 'c', 'c', 'b', 'a']) await directory.lookUpRecipient(id, patience);
    expect(state.asked).toEqual(['a', 'b', 'c', 'a']);
  });
});
