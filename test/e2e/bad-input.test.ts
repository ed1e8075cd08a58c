import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findBreaches, readLogs, type Seen } from '../support/contract.ts';
import { type JwksServer, startJwksServer } from '../support/jwks-server.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { createTokenSigner } from '../support/token-signer.ts';
import { waitFor } from '../support/wait-for.ts';

const issuer = 'https://issuer.test';
const audience = 'https://auto-com-center.test';
const signer = createTokenSigner('RS256', 'key-1');
const stranger = createTokenSigner('RS256', 'key-1');

let smtp: ScriptedSmtp;
let jwks: JwksServer;
let service: Service;
/** Every answer of the test that runs, judged after it. */
let answers: Seen[] = [];
/** Every answer of all tests, searched for addresses at the end. */
const spoken: string[] = [];

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  jwks = await startJwksServer([signer.jwk]);
  service = await startService({
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      AUTH_ISSUER: issuer,
      AUTH_JWKS_URL: jwks.jwksUrl,
      LOG_LEVEL: 'debug',
    },
  });
});
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
  await jwks?.close();
});
afterEach(() => {
  const judged = answers;
  answers = [];
  spoken.push(...judged.map(({ text }) => text));
  const breaches = judged.flatMap((answer) => findBreaches(answer).map((what) => `${what}: ${answer.text}`));
  if (breaches.length > 0) throw new Error(breaches.join('\n'));
});

/** A token that our issuer signed, with these claims over the good ones. */
function mint(claims: Record<string, unknown> = {}, by = signer): string {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  return by.signToken({
    iss: issuer,
    aud: audience,
    sub: 'upstream',
    client_id: 'upstream',
    iat: nowSeconds,
    exp: nowSeconds + 300,
    jti: randomUUID(),
    scope: 'notify.send notify.read',
    ...claims,
  });
}

interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** `null`: none. */
  readonly token?: string | null;
}

async function send(request: Request): Promise<{ seen: Seen; json: Record<string, unknown> }> {
  const { body, token = mint(), path = '/api/events' } = request;
  const response = await fetch(`${service.url}${path}`, {
    method: request.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...request.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const seen = { status: response.status, headers: response.headers, text: await response.text() };
  answers.push(seen);
  return { seen, json: (seen.text.startsWith('{') ? JSON.parse(seen.text) : {}) as Record<string, unknown> };
}

/** A good event in the envelope shape, with an identity of its own. */
function anEnvelope(over: Record<string, unknown> = {}): Record<string, unknown> {
  return { id: randomUUID(), source: 'test', ...anEvent(), ...over };
}

/** The body of the answer; a problem tells its status itself. */
async function ask(request: Request): Promise<Record<string, unknown>> {
  return (await send(request)).json;
}

async function countEvents(): Promise<number> {
  return (await service.redis.keys('*:event:*')).length;
}

function pointersOf(problem: Record<string, unknown>): string[] {
  return (problem['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
}

async function waitForEnd(path: string): Promise<{ message_id: string; state: string }[]> {
  return await waitFor(
    `messages of ${path}`,
    async () => ((await send({ path })).json['messages'] ?? []) as { message_id: string; state: string }[],
    (messages) => messages.length > 0 && messages.every(({ state }) => state === 'sent'),
    { deadlineMs: 20_000, everyMs: 50 },
  );
}

describe('who is not let in', () => {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const refused: readonly [string, () => string | null][] = [
    ['no token', () => null],
    ['a token that is none', () => 'not.a.token'],
    ['an expired token', () => mint({ iat: nowSeconds - 900, exp: nowSeconds - 600 })],
    ['a token of the future', () => mint({ nbf: nowSeconds + 600 })],
    ['a token for another audience', () => mint({ aud: 'https://directory.test' })],
    ['a token of another issuer', () => mint({ iss: 'https://elsewhere.test' })],
    ['a token that another key signed', () => mint({}, stranger)],
    ['a token without an end', () => mint({ exp: undefined })],
    ['a token changed after it was signed', () => mint().replace(/\.[^.]{8}/, '.eyJhIjox')],
  ];
  test.each(refused)('%s is 401 with a challenge, and nothing is accepted', async (_name, token) => {
    const before = await countEvents();
    const { seen, json } = await send({ body: anEnvelope(), token: token() });
    expect(seen.status, seen.text).toBe(401);
    expect(await countEvents()).toBe(before);
    expect(json['code']).toBe('invalid-token');
    expect(seen.headers.get('www-authenticate')).toMatch(/^Bearer /);
  });

  test('a token without the scope is 403 that names the scope', async () => {
    const { seen, json } = await send({ body: anEnvelope(), token: mint({ scope: 'notify.read' }) });
    expect([seen.status, json['code']]).toEqual([403, 'insufficient-scope']);
    expect(seen.headers.get('www-authenticate')).toContain('scope="notify.send"');
  });

  test("another client's event and messages are 404, as if they were not there", async () => {
    const { json } = await send({ body: anEnvelope() });
    const event = `/api/events/${String(json['event_id'])}`;
    const [message] = await waitForEnd(event);
    const other = mint({ sub: 'other', client_id: 'other' });
    const path = `/api/messages/${message?.message_id}`;
    expect(await ask({ path: event, token: other })).toMatchObject({ status: 404, code: 'not-found' });
    expect(await ask({ path, token: other })).toMatchObject({ status: 404, code: 'not-found' });
    expect(await ask({ path, token: other, method: 'DELETE' })).toMatchObject({
      status: 404,
      code: 'not-found',
    });
  });
});

describe('what is not taken', () => {
  test('malformed JSON is 400', async () => {
    expect(await ask({ body: '{"type": "receipt",' })).toMatchObject({ status: 400, code: 'malformed-json' });
    expect(await ask({ body: '' })).toMatchObject({ status: 400, code: 'malformed-json' });
    expect(await ask({ body: '\u0000\u0001' })).toMatchObject({ status: 400, code: 'malformed-json' });
  });

  test('a body of 2 MiB is 413, on both routes', async () => {
    const padding = 'x'.repeat(2 * 1024 * 1024);
    expect(await ask({ body: anEnvelope({ data: { padding } }) })).toMatchObject({
      status: 413,
      code: 'body-too-large',
    });
    expect(await ask({ path: '/api/events/batch', body: [anEnvelope({ data: { padding } })] })).toMatchObject(
      { status: 413, code: 'body-too-large' },
    );
  });

  test.each(['text/plain', 'application/xml', 'application/json; charset=utf-16', 'application/jsonp'])(
    'the content type %s is 415',
    async (type) => {
      const headers = { 'content-type': type };
      expect(await ask({ body: anEnvelope(), headers })).toMatchObject({
        status: 415,
        code: 'unsupported-media-type',
      });
    },
  );

  test('a compressed body is 415: a small one could unpack into any size', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect(await ask({ body: anEnvelope(), headers })).toMatchObject({
      status: 415,
      code: 'unsupported-media-type',
    });
  });

  test('an unknown type is 422 that names the known ones', async () => {
    const problem = await ask({ body: anEnvelope({ type: 'no_such' }) });
    expect(problem).toMatchObject({ status: 422, code: 'unknown-event-type' });
    expect(problem['known_types']).toEqual(expect.arrayContaining(['deadline_approaching', 'receipt']));
  });

  test('several missing fields are each named by pointer, in one answer', async () => {
    const body = anEnvelope({ type: 'deadline_approaching', data: {} });
    const problem = await ask({ body });
    expect(problem).toMatchObject({ status: 422, code: 'invalid-event-data' });
    expect(pointersOf(problem).toSorted()).toEqual([
      '/data/deadline',
      '/data/hours_remaining',
      '/data/scholarship_id',
      '/data/student_id',
    ]);
  });

  test('an event without an identity is 400', async () => {
    expect(await ask({ body: anEvent() })).toMatchObject({ status: 400, code: 'idempotency-key-missing' });
  });

  test('a prototype in the body is 400 and pollutes nothing', async () => {
    const body = JSON.stringify(anEnvelope()).replace('"data":{', '"data":{"__proto__":{"polluted":1},');
    expect(await ask({ body })).toMatchObject({ status: 400, code: 'malformed-event' });
  });

  test('a batch with three bad of ten takes seven and tells about each', async () => {
    const items = Array.from({ length: 10 }, () => anEnvelope());
    items[2] = anEnvelope({ type: 'no_such' });
    items[5] = { ...anEnvelope(), data: {} };
    items[9] = anEnvelope({ recipient: { email: 'not an address' } });
    const { seen, json } = await send({ path: '/api/events/batch', body: items });
    expect(seen.status, seen.text).toBe(202);
    expect(json).toMatchObject({ accepted: 7, rejected: 3 });
    const results = json['results'] as { index: number; status: string; problem?: { code: string } }[];
    expect(
      results.filter(({ status }) => status === 'rejected').map((item) => [item.index, item.problem?.code]),
    ).toEqual([
      [2, 'unknown-event-type'],
      [5, 'invalid-event-data'],
      [9, 'invalid-request-data'],
    ]);
  });

  test('the same key with another body is 409 that names the first event, and the first stands', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await send({ body: anEvent(), headers: key });
    expect(first.seen.status).toBe(202);
    const problem = await ask({ body: anEvent({ email: 'grace@example.com' }), headers: key });
    expect(problem).toMatchObject({ status: 409, code: 'idempotency-conflict' });
    expect(problem['event_id']).toBe(first.json['event_id']);
    const again = await send({ body: anEvent(), headers: key });
    expect(again.seen.headers.get('idempotency-replayed')).toBe('true');
    expect(again.json).toMatchObject({ event_id: first.json['event_id'], status: 'duplicate' });
  });
});

describe('CloudEvents', () => {
  const attributes = () => ({
    specversion: '1.0',
    id: randomUUID(),
    source: 'test',
    type: 'new_match_found',
  });
  const data = { student_id: 'stu_1', scholarship_id: 'sch_1', match_score: 90 };
  const headers = { 'content-type': 'application/cloudevents+json' };

  test.each(['0.3', '2.0', '', undefined])('specversion %j is 400', async (specversion) => {
    const body = { ...attributes(), specversion, recipientemail: 'ada@example.com', data };
    const problem = await ask({ body, headers });
    expect(problem).toMatchObject({ status: 400, code: 'malformed-event' });
    expect(pointersOf(problem)).toEqual(['/specversion']);
  });

  test('a wrong specversion in a header is 400', async () => {
    const given = {
      'ce-specversion': '0.3',
      'ce-id': 'x',
      'ce-source': 'test',
      'ce-type': 'new_match_found',
    };
    expect(await ask({ body: data, headers: given })).toMatchObject({ status: 400, code: 'malformed-event' });
  });

  test('structured, binary and batch mode are one event each, delivered', async () => {
    const modes = ['batch@example.com', 'binary@example.com', 'structured@example.com'];
    const structured = { ...attributes(), recipientemail: 'structured@example.com', data };
    const binary = Object.fromEntries(
      Object.entries({ ...attributes(), recipientemail: 'binary@example.com' }).map(([name, value]) => [
        `ce-${name}`,
        value,
      ]),
    );
    const batch = [{ ...attributes(), recipientemail: 'batch@example.com', data }];
    const batchType = { 'content-type': 'application/cloudevents-batch+json' };
    const taken = await Promise.all([
      send({ body: structured, headers }),
      send({ body: data, headers: binary }),
      send({ path: '/api/events/batch', body: batch, headers: batchType }),
    ]);
    expect(taken.map(({ seen }) => seen.status)).toEqual([202, 202, 202]);
    const recipients = await waitFor(
      'three mails',
      () => smtp.messages.flatMap(({ to }) => to).filter((to) => modes.includes(to)),
      (to) => to.length >= modes.length,
      { deadlineMs: 20_000 },
    );
    expect(recipients.toSorted()).toEqual(modes);
  });
});

describe('addresses that are more or less than one plain address', () => {
  const hostile: readonly string[] = [
    'ada@example.com\r\nRCPT TO:<eve@example.com>',
    'ada@example.com\nBcc: eve@example.com',
    'ada@example.com\u0000',
    'ada@example.com(comment)',
    '(comment)ada@example.com',
    'ada@example.com,eve@example.com',
    'ada@example.com;eve@example.com',
    'friends: ada@example.com, eve@example.com;',
    'Ada <ada@example.com>',
    '"ada@evil.test"@example.com',
    'ada@evil.test@example.com',
    'ada@example.com ',
    ' ada@example.com',
    // Cyrillic а twice, a full-width @, an ideographic full stop.
    '\u0430da@example.com',
    'ada@ex\u0430mple.com',
    'ada\uff20example.com',
    'ada@example\u3002com',
    'ada@[127.0.0.1]',
    'ada@localhost',
    'ada',
    '',
  ];
  const numbers: readonly string[] = [
    '+15555550123\r\n+15555550124',
    '+15555550123,+15555550124',
    '+1 555 555 0123',
    '15555550123',
    // A full-width plus, a Devanagari digit.
    '\uff0b15555550123',
    '+1555555012\u0969',
    'tel:+15555550123',
    '+0555555012',
  ];

  test('each is refused at the door, by pointer, and nothing reaches the provider', async () => {
    const before = { messages: smtp.messages.length, connections: smtp.connections };
    for (const email of hostile) {
      const problem = await ask({ body: anEnvelope({ recipient: { email } }) });
      expect(problem).toMatchObject({ status: 422, code: 'invalid-request-data' });
      expect(pointersOf(problem), JSON.stringify(email)).toEqual(['/recipient/email']);
    }
    for (const phone of numbers) {
      const problem = await ask({ body: anEnvelope({ recipient: { phone } }) });
      expect(problem).toMatchObject({ status: 422, code: 'invalid-request-data' });
      expect(pointersOf(problem), JSON.stringify(phone)).toEqual(['/recipient/phone']);
    }
    expect({ messages: smtp.messages.length, connections: smtp.connections }).toEqual(before);
    expect(smtp.commands.filter((line) => line.includes('eve'))).toEqual([]);
  });

  test('a name with line breaks cannot become a header of the mail', async () => {
    const recipient = { email: 'named@example.com', name: 'Ada\r\nBcc: eve@example.com\r\n\r\nbody' };
    expect(await ask({ body: anEnvelope({ recipient }) })).toMatchObject({ status: 422 });
    const heads = smtp.messages.map(({ text }) => text.split('\r\n\r\n')[0] ?? '');
    expect(heads.filter((head) => /^bcc:/im.test(head))).toEqual([]);
    expect(smtp.messages.flatMap(({ to }) => to)).not.toContain('eve@example.com');
  });
});

describe('addresses are kept to the one who needs them', () => {
  test('no log line of any process and no answer of the API shows one unmasked', async () => {
    const seeded = { email: 'seeded.person@example.com', phone: '+15555550177' };
    const good = await send({ body: anEnvelope({ recipient: seeded, channels: ['email'] }) });
    const path = `/api/events/${String(good.json['event_id'])}`;
    const [message] = await waitForEnd(path);
    const shown = await send({ path: `/api/messages/${message?.message_id}` });
    expect(shown.json['to']).toBe('s***@example.com');
    for (const over of [
      { type: 'no_such' },
      { data: {} },
      { recipient: { ...seeded, email: `${seeded.email},` } },
    ])
      expect((await send({ body: anEnvelope({ recipient: seeded, ...over }) })).seen.status).toBe(422);
    const texts = [...spoken, ...answers.map(({ text }) => text), readLogs(service.dir)].join('\n');
    for (const secret of [seeded.email, 'seeded.person', seeded.phone, '5555550177', 'ada@example.com'])
      expect(texts.includes(secret), secret).toBe(false);
    expect(texts).toContain('message_id');
  });
});
