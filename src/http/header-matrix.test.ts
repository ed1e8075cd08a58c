import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { TestApp } from '../../test/support/http-app.ts';
import { sendRaw, someEventId, someMessageId, startTestApp } from '../../test/support/http-app.ts';
import { someIncidentId } from '../../test/support/operator-responses.ts';
import { listProblems } from './openapi/describe-operation.ts';
import { problemSchema } from './responses.ts';
import { exampleOf, type RouteRow } from './route-row.ts';
import { apiRoutes, metricsRoutes, openRoutes, probeRoutes } from './routes.ts';
import { securityHeaders } from './security-headers.ts';

/** The contract, written down a second time on purpose. */
const sixHeaders = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
};

const routes: readonly RouteRow[] = [...apiRoutes, ...probeRoutes, ...openRoutes, ...metricsRoutes];
const table = routes.map((route) => [`${route.method} ${route.path}`, route] as const);
const goodEvent = {
  type: 'welcome',
  idempotency_key: 'k',
  recipient: { email: 'jo@example.com' },
  firstName: 'Jo',
};

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

function pathOf(route: RouteRow): string {
  if (route.path.includes('incidents')) return route.path.replace(':id', someIncidentId);
  const id = route.path.includes('events') ? someEventId : someMessageId;
  return route.path.replace(':id', id).replace(':code', 'not-found');
}

function bodyOf(route: RouteRow): unknown {
  if (route.body?.schema !== undefined) return exampleOf(route.body.schema);
  return route.path.endsWith('batch') ? [goodEvent] : goodEvent;
}

interface Change {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function ask(route: RouteRow, change: Change = {}): Promise<Response> {
  const { method = route.method, token = 'send+read+admin' } = change;
  const hasBody = method === 'POST' || method === 'PUT';
  return fetch(`${app.url}${pathOf(route)}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...change.headers,
    },
    body: hasBody ? (change.body ?? JSON.stringify(bodyOf(route))) : null,
  });
}

function expectHeaders(answer: Response): void {
  expect(Object.fromEntries(answer.headers)).toMatchObject(sixHeaders);
  expect(answer.headers.get('x-powered-by')).toBeNull();
  // What a caller's own data is in has no validator: nobody may keep it.
  expect(answer.headers.has('etag')).toBe(answer.headers.get('cache-control') === 'no-cache');
  expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
}

/** Status and code of a problem, sure to be a whole one: headers, shape, no HTML, no stack trace. */
async function readProblem(answer: Response): Promise<readonly [number, string]> {
  expectHeaders(answer);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const text = await answer.text();
  expect(text).not.toMatch(/<\/?[a-z]|node_modules|\bat .+:\d+:\d+/i);
  const problem = problemSchema.parse(JSON.parse(text));
  expect(problem).toMatchObject({
    type: `https://messages.example.com/problems/${problem.code}`,
    status: answer.status,
    request_id: answer.headers.get('x-request-id'),
  });
  return [answer.status, problem.code];
}

test('the table of headers is the contract', () => {
  expect(securityHeaders).toEqual(sixHeaders);
});

/** Order and spelling count for what reads heads by hand, and are the same from one version to the next. */
test('the head of an accepted event, line by line', async () => {
  const body = JSON.stringify(goodEvent);
  const answer = await sendRaw(
    app.url,
    `POST /api/events HTTP/1.1\r\nHost: x\r\nX-Request-ID: r-1\r\nAuthorization: Bearer send\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  const [head = '', text = ''] = answer.split('\r\n\r\n');
  expect(head.replace(/Date: .*/, 'Date: …').split('\r\n')).toEqual([
    'HTTP/1.1 202 Accepted',
    'Cross-Origin-Opener-Policy: same-origin',
    'Cross-Origin-Resource-Policy: same-origin',
    'Origin-Agent-Cluster: ?1',
    'X-DNS-Prefetch-Control: off',
    ...Object.entries(sixHeaders).map(([name, value]) => `${name}: ${value}`),
    'X-Request-ID: r-1',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${text.length}`,
    'Cache-Control: no-store',
    expect.stringMatching(/^Location: \/api\/events\/evt_\w+$/),
    'Date: …',
    'Connection: close',
  ]);
});

describe.each(table)('%s', (_name, route) => {
  test('a good answer has the six headers and the shape it promises', async () => {
    const answer = await ask(route);
    expectHeaders(answer);
    const row = route.responses[answer.status];
    expect(row, `status ${answer.status}`).toBeDefined();
    const mediaType = row?.mediaType ?? 'application/json';
    expect(`${answer.headers.get('content-type')} of */*`).toContain(mediaType);
    const schema = row?.schema ?? z.unknown();
    expect(schema.safeParse(await readAny(answer)).error).toBeUndefined();
  });

  test('a method that is not offered is 405 with Allow', async () => {
    const answer = await ask(route, { method: 'PATCH' });
    expect(await readProblem(answer)).toEqual([405, 'method-not-allowed']);
    expect(answer.headers.get('allow')?.split(', ')).toContain(route.method);
    expect(listProblems(route)).toContain(405);
  });
});

describe.each(only((route) => route.method === 'GET'))('%s', (_name, route) => {
  test('HEAD gives the headers of GET and no body', async () => {
    const [head, get] = [await ask(route, { method: 'HEAD' }), await ask(route)];
    expectHeaders(head);
    expect([head.status, await head.text()]).toEqual([get.status, '']);
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  });
});

describe.each(only((route) => route.group === 'api'))('%s', (_name, route) => {
  test('without a token it is 401, and nobody is called bad', async () => {
    const answer = await ask(route, { token: '' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="auto_com_center"');
    expect(await readProblem(answer)).toEqual([401, 'invalid-token']);
  });

  test('with a bad token it is 401, and the challenge says why', async () => {
    const answer = await ask(route, { token: 'forged' });
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer realm="auto_com_center", error="invalid_token", error_description="the 'signature' is not good"`,
    );
    expect(await readProblem(answer)).toEqual([401, 'invalid-token']);
  });

  test('a token that nobody can judge is 503, never 401 and never accepted', async () => {
    const answer = await ask(route, { token: 'unjudged' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await readProblem(answer)).toEqual([503, 'keys-unavailable']);
  });
});

describe.each(only((route) => route.body !== undefined))('%s', (_name, route) => {
  test('broken JSON is 400, another type 415, a large body 413', async () => {
    expect(await readProblem(await ask(route, { body: '{' }))).toEqual([400, 'malformed-json']);
    const otherType = { 'content-type': 'text/plain' };
    expect(await readProblem(await ask(route, { headers: otherType }))).toEqual([
      415,
      'unsupported-media-type',
    ]);
    const packed = { 'content-encoding': 'gzip' };
    expect(await readProblem(await ask(route, { headers: packed }))).toEqual([415, 'unsupported-media-type']);
    const large = ' '.repeat((route.body?.bytesMax ?? 0) + 1);
    expect(await readProblem(await ask(route, { body: large }))).toEqual([413, 'body-too-large']);
  });
});

function only(isWanted: (route: RouteRow) => boolean) {
  return table.filter(([, route]) => isWanted(route));
}

async function readAny(answer: Response): Promise<unknown> {
  const text = await answer.text();
  return answer.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : text;
}

test('a path that is not there is 404', async () => {
  expect(await readProblem(await app.get('/nothing', ''))).toEqual([404, 'not-found']);
  expect(await readProblem(await app.get('/API/events', ''))).toEqual([404, 'not-found']);
  expect(await readProblem(await app.get('/api/nothing'))).toEqual([404, 'not-found']);
});

test('under /api a stranger learns nothing, not even what is not there', async () => {
  expect(await readProblem(await app.get('/api/nothing', ''))).toEqual([401, 'invalid-token']);
  expect(await readProblem(await app.get('/api/events', '', 'OPTIONS'))).toEqual([401, 'invalid-token']);
});

test('a path is the same path when the whole URL is asked for (RFC 9112 §3.2.2)', async () => {
  const getStatus = async (url: string): Promise<string> =>
    (await sendRaw(app.url, `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).slice(9, 12);
  expect(await getStatus('http://x/livez')).toBe('200');
  expect(await getStatus('http://x/api/events')).toBe('401');
  expect(await getStatus('http://x/api/nothing')).toBe('401');
  expect(await getStatus('http://x/nothing')).toBe('404');
});

test('a path that is not percent-encoded UTF-8 is 400', async () => {
  expect(await readProblem(await app.get('/api/events/%zz'))).toEqual([400, 'malformed-request']);
  expect(await readProblem(await app.get('/problems/%E0%A4%A', ''))).toEqual([400, 'malformed-request']);
});

test('a fault of ours is 500 and tells nothing of itself', async () => {
  const broken = await startTestApp({
    perform: () => Promise.reject(new TypeError('secret <b>stack</b>')),
  });
  const answer = await broken.get('/api/queue/status');
  expect(await readProblem(answer.clone())).toEqual([500, 'internal-error']);
  expect(await answer.text()).not.toContain('secret');
  await broken.stop();
  expect(broken.lines.at(-1)).toMatchObject({
    code: 'internal-error',
    error: new TypeError('secret <b>stack</b>'),
  });
});

describe('requests that Node itself would refuse', () => {
  const host = 'Host: x\r\n';
  test.each([
    ['nonsense', 'NONSENSE\r\n\r\n', 400, 'malformed-request'],
    [
      'headers over 16 KiB',
      `GET / HTTP/1.1\r\n${host}X-Big: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed-request'],
    ['a tunnel', `CONNECT example.com:443 HTTP/1.1\r\n${host}\r\n`, 405, 'method-not-allowed'],
    [
      'two lengths',
      `POST /api/events HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      400,
      'malformed-request',
    ],
    [
      'length and chunks',
      `POST /api/events HTTP/1.1\r\n${host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'malformed-request',
    ],
  ])('%s', async (_name, bytes, status, code) => {
    const [head = '', body = ''] = (await sendRaw(app.url, bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    for (const [name, value] of Object.entries(sixHeaders))
      expect(head.toLowerCase()).toContain(`${name}: ${value.toLowerCase()}`);
    expect(problemSchema.parse(JSON.parse(body))).toMatchObject({ status, code });
  });

  test('an expectation that we do not know is left unmet, with our headers', async () => {
    const answer = await sendRaw(
      app.url,
      `GET /livez HTTP/1.1\r\n${host}Expect: wonders\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer.toLowerCase()).toContain('permissions-policy');
  });
});

describe('a request that could be read in two ways is refused before anything of it counts', () => {
  const twice: readonly (readonly [string, string])[] = [
    ['two tokens', 'Authorization: Bearer read\r\nAuthorization: Bearer forged'],
    ['two tokens, in another order and case', 'authorization: Bearer forged\r\nAUTHORIZATION: Bearer read'],
    ['the same token twice', 'Authorization: Bearer read\r\nAuthorization: Bearer read'],
    ['two hosts', 'Host: y'],
    ['two types', 'Content-Type: text/plain\r\nContent-Type: application/json'],
    ['two keys', 'Idempotency-Key: a\r\nIdempotency-Key: b'],
    ['two ids of a CloudEvent', 'ce-id: a\r\nce-id: b'],
    ['two ids of the request', 'X-Request-ID: a\r\nX-Request-ID: b'],
    ['two expectations', 'Expect: 100-continue\r\nExpect: wonders'],
  ];
  test.each(twice)('%s', async (_name, lines) => {
    const request = `GET /api/send/status HTTP/1.1\r\nHost: x\r\n${lines}\r\nConnection: close\r\n\r\n`;
    const [head = '', body = ''] = (await sendRaw(app.url, request)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 400 /);
    const problem = problemSchema.parse(JSON.parse(body));
    expect(problem).toMatchObject({ code: 'malformed-request', detail: expect.stringContaining('twice') });
    expect(app.lines.at(-1)?.clientId).toBeUndefined();
  });

  test('fields that may be there more than once still may', async () => {
    const request = `GET /livez HTTP/1.1\r\nHost: x\r\nAccept: a/b\r\nAccept: c/d\r\nConnection: close\r\n\r\n`;
    expect(await sendRaw(app.url, request)).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('Expect: 100-continue', () => {
  const body = JSON.stringify(goodEvent);
  const post = (token: string, version = '1.1'): string =>
    `POST /api/events HTTP/${version}\r\nHost: x\r\nExpect: 100-continue\r\n${token}Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;

  test.each([
    ['a stranger', '', 401],
    ['one with a bad token', 'Authorization: Bearer forged\r\n', 401],
    ['one that may not post', 'Authorization: Bearer read\r\n', 403],
  ])('%s is not asked for its body', async (_who, token, status) => {
    const answer = await sendRaw(app.url, post(token));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  test('a client that may post is asked for it, and answered', async () => {
    const answer = await sendRaw(app.url, post('Authorization: Bearer send\r\n'), { afterContinue: body });
    expect(answer).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 202 /);
  });

  test('a client of HTTP/1.0 knows no such answer, and gets none', async () => {
    const answer = await sendRaw(app.url, post('Authorization: Bearer send\r\n', '1.0') + body);
    expect(answer).toMatch(/^HTTP\/1.1 202 /);
  });
});

describe.each(
  only((route) => route.path === '/openapi.json' || route.path.startsWith('/docs') || route.path === '/'),
)('%s has a validator', (_name, route) => {
  const askKnowing = (known: string, method = 'GET') =>
    ask(route, { method, headers: { 'if-none-match': known } });

  test('who has it already gets 304 without it; who has another gets it', async () => {
    const whole = await ask(route);
    const etag = whole.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    expect((await ask(route)).headers.get('etag')).toBe(etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await askKnowing(known, method);
        expect([answer.status, await answer.text(), answer.headers.get('etag')]).toEqual([304, '', etag]);
        expect(answer.headers.get('content-length')).toBeNull();
        expectHeaders(answer);
      }
    }
    expect((await askKnowing('"other"')).status).toBe(200);
  });
});

test('the caller’s request id comes back, an unsafe one is replaced', async () => {
  const ask404 = (id: string) => fetch(`${app.url}/nothing`, { headers: { 'x-request-id': id } });
  expect((await ask404('trace/1.2:a=b')).headers.get('x-request-id')).toBe('trace/1.2:a=b');
  expect((await ask404('x'.repeat(129))).headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  expect((await ask404('a"b')).headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
});
