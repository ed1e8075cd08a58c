import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../domain/errors.ts';
import type { ParsedEvent } from './build-event.ts';
import { checkEvent, type EventCatalog } from './check-event.ts';
import type { BatchItem, EventPost } from './parse-event.ts';
import { parseBatch, parseEvent } from './parse-event.ts';

const receivedAt = Date.parse('2026-11-20T09:30:00Z');

function post(body: unknown, more: Partial<EventPost> = {}): EventPost {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { mediaType: 'application/json', headers: {}, body: Buffer.from(text), receivedAt, ...more };
}

/** Takes any type and any data, so that only errors of the event's own fields are left. */
const anyCatalog: EventCatalog = {
  directoryIdField: 'student_id',
  checkDrafts: () => ({ data: [] }),
  types: () => [],
  find: () => ({ channels: ['email', 'sms'], notAfter: { kind: 'after', afterMs: 1 } }),
  checkData: () => [],
};

/** The event as it is taken, or the error that the door would answer. */
function readEvent(given: EventPost): ParsedEvent {
  return settle(parseEvent(given));
}

function settle(parsed: ParsedEvent): ParsedEvent {
  const data = { ...parsed.event.data, student_id: 's' };
  checkEvent({ ...parsed, event: { ...parsed.event, data } }, anyCatalog);
  return parsed;
}

function errorOf(run: () => unknown): ServiceError {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const pointersOf = (error: ServiceError) => error.options.errors?.map(({ pointer }) => pointer);
const cloudEvents = { mediaType: 'application/cloudevents+json' };

test('a fence that is past is accepted, so that a replay after it gets the first answer', () => {
  const body = JSON.stringify({ type: 't', id: 'k', data: {}, not_after: '2020-01-01T00:00:00Z' });
  expect(readEvent(post(body)).event.notAfter).toBe(Date.parse('2020-01-01T00:00:00Z'));
});

describe('three shapes, one meaning', () => {
  const recipient = {
    email: 'jo@EXAMPLE.com',
    phone: '+15555550123',
    name: 'Jo',
    locale: 'fr-ca',
    time_zone: 'Europe/Paris',
  };
  const data = { firstName: 'Jo', nested: { list: [1, 2] } };
  const sendAt = '2026-11-21T09:00:00+01:00';
  const notAfter = '2026-11-22T00:00:00Z';
  const flat = readEvent(
    post({
      type: 'welcome',
      idempotency_key: 'k1',
      source: 's',
      recipient,
      channels: ['sms', 'email'],
      send_at: sendAt,
      not_after: notAfter,
      ...data,
    }),
  );

  test('a flat event keeps all but its own fields as data', () => {
    expect(flat.event).toEqual({
      type: 'welcome',
      source: 's',
      recipient: {
        email: 'jo@example.com',
        phone: '+15555550123',
        name: 'Jo',
        locale: 'fr-CA',
        timeZone: 'Europe/Paris',
      },
      channels: ['email', 'sms'],
      data,
      sendAt: Date.parse(sendAt),
      notAfter: Date.parse(notAfter),
    });
    expect(flat.idempotencyKey).toBe('k1');
    expect(flat.dataPointer).toBe('');
  });

  test('an envelope of the same meaning is the same event', () => {
    const parsed = readEvent(
      post({
        id: 'x',
        type: 'welcome',
        source: 's',
        recipient,
        channels: ['email', 'sms', 'email'],
        data,
        send_at: sendAt,
        not_after: notAfter,
      }),
    );
    expect(parsed.event).toEqual(flat.event);
    expect(parsed.dataPointer).toBe('/data');
  });

  test('a structured CloudEvent of the same meaning is the same event', () => {
    const parsed = readEvent(
      post(
        {
          specversion: '1.0',
          id: 'x',
          source: 's',
          type: 'welcome',
          datacontenttype: 'application/json',
          channels: 'email, sms',
          sendat: sendAt,
          notafter: notAfter,
          recipientemail: recipient.email,
          recipientphone: recipient.phone,
          recipientname: 'Jo',
          recipientlocale: 'fr-CA',
          recipienttimezone: 'Europe/Paris',
          traceparent: 'left alone',
          data,
        },
        cloudEvents,
      ),
    );
    expect(parsed.event).toEqual(flat.event);
  });

  test('a binary CloudEvent of the same meaning is the same event', () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'x',
      'ce-source': 's',
      'ce-type': '"welcome"',
      'ce-channels': 'email,sms',
      'ce-sendat': sendAt,
      'ce-notafter': notAfter,
      'ce-recipientemail': 'jo%40example.com',
      'ce-recipientphone': '+15555550123',
      'ce-recipientname': '%4Ao',
      'ce-recipientlocale': 'fr-CA',
      'ce-recipienttimezone': 'Europe/Paris',
    };
    expect(readEvent(post(data, { headers })).event).toEqual(flat.event);
  });

  const plainData = fc.dictionary(
    fc.string({ maxLength: 8 }).map((key) => `d_${key}`),
    fc.jsonValue({ maxDepth: 3 }),
    { maxKeys: 5 },
  );
  test('any data and any source mean the same in all four forms', () => {
    const source = fc.stringMatching(/^[a-z]{1,10}$/);
    fc.assert(
      fc.property(
        plainData.map((value) => JSON.parse(JSON.stringify(value)) as object),
        source,
        (anyData, from) => {
          if (
            JSON.stringify(anyData).includes('__proto__') ||
            /"(constructor|prototype)"/.test(JSON.stringify(anyData))
          )
            return;
          const own = { type: 'welcome', source: from };
          const event = parseEvent(post({ ...own, idempotency_key: 'k', ...anyData })).event;
          const headers = { 'ce-specversion': '1.0', 'ce-id': 'k', 'ce-type': 'welcome', 'ce-source': from };
          expect(parseEvent(post({ ...own, id: 'k', data: anyData })).event).toEqual(event);
          expect(
            parseEvent(post({ ...own, id: 'k', specversion: '1.0', data: anyData }, cloudEvents)).event,
          ).toEqual(event);
          expect(parseEvent(post(anyData, { headers })).event).toEqual(event);
        },
      ),
    );
  });
});

describe('identity', () => {
  const key = (body: object, headers: EventPost['headers'] = {}) =>
    readEvent(post({ type: 't', ...body }, { headers })).idempotencyKey;

  test('the header goes before the body, the body before source and id', () => {
    const envelope = { id: 'i', source: 's', idempotency_key: 'body', data: {} };
    expect(key(envelope, { 'idempotency-key': 'header' })).toBe('header');
    expect(key(envelope)).toBe('body');
    expect(key({ ...envelope, idempotency_key: null })).toBe('s\u001fi');
  });

  test('a quoted key names the same event as a plain one', () => {
    expect(key({}, { 'idempotency-key': '"a \\"b\\""' })).toBe('a "b"');
    expect(key({}, { 'idempotency-key': '"abc"' })).toBe(key({}, { 'idempotency-key': 'abc' }));
  });

  test('no two pairs of source and id are one event', () => {
    expect(key({ source: 'ab', id: 'c', data: {} })).not.toBe(key({ source: 'a', id: 'bc', data: {} }));
  });

  test('an envelope with an id alone is named by it, since keys are the client’s own', () => {
    expect(key({ id: 'i', data: {} })).toBe('\u001fi');
  });

  test('id and source of a flat event name a thing, not the event', () => {
    expect(errorOf(() => key({ id: 'i', source: 's' })).code).toBe('idempotency-key-missing');
  });

  test('an event without identity is refused', () => {
    expect(errorOf(() => key({ data: {} })).code).toBe('idempotency-key-missing');
  });

  test.each([
    ['', 'empty'],
    ['x'.repeat(256), 'too long'],
    ['"open', 'half quoted'],
    ['ké', 'not ASCII'],
    ['a\tb', 'a control character'],
  ])('the header key %j is refused (%s)', (value) => {
    expect(errorOf(() => key({}, { 'idempotency-key': value })).code).toBe('malformed-request');
  });

  test('a bad body key is an error at its place, even when the header names the event', () => {
    const error = errorOf(() => key({ idempotency_key: 7 }, { 'idempotency-key': 'good' }));
    expect([error.code, pointersOf(error)]).toEqual(['invalid-request-data', ['/idempotency_key']]);
  });
});

describe('refusals', () => {
  test.each<[string, unknown, string, string[] | undefined]>([
    ['empty body', '', 'malformed-json', undefined],
    ['not JSON', '{"a":', 'malformed-json', undefined],
    ['a list', [], 'malformed-event', undefined],
    ['a string', '"x"', 'malformed-event', ['']],
    ['null', 'null', 'malformed-event', ['']],
    ['no type', { idempotency_key: 'k' }, 'malformed-event', ['/type']],
    ['type is a number', { type: 5, idempotency_key: 'k' }, 'malformed-event', ['/type']],
    [
      'a prototype name',
      '{"type":"t","idempotency_key":"k","a":[{"__proto__":{}}]}',
      'malformed-event',
      ['/a/0/__proto__'],
    ],
    [
      'a constructor',
      { type: 't', idempotency_key: 'k', constructor: 1 },
      'malformed-event',
      ['/constructor'],
    ],
    ['data that is no object', { type: 't', id: 'k', data: '{}' }, 'invalid-request-data', ['/data']],
    [
      'smuggled members',
      { type: 't', id: 'k', data: {}, priority: 1, category: 'x', dry_run: false },
      'invalid-request-data',
      ['/priority', '/category', '/dry_run'],
    ],
    [
      'unknown channel',
      { type: 't', id: 'k', data: {}, channels: ['fax'] },
      'invalid-request-data',
      ['/channels'],
    ],
    ['no channel', { type: 't', id: 'k', data: {}, channels: [] }, 'invalid-request-data', ['/channels']],
    [
      'a local time',
      { type: 't', id: 'k', data: {}, send_at: '2026-11-21T09:00:00' },
      'invalid-request-data',
      ['/send_at'],
    ],
    [
      'no such day',
      { type: 't', id: 'k', data: {}, send_at: '2026-02-30T09:00:00Z' },
      'invalid-request-data',
      ['/send_at'],
    ],
    [
      'a fence before the start',
      { type: 't', id: 'k', data: {}, send_at: '2026-12-02T00:00:00Z', not_after: '2026-12-01T00:00:00Z' },
      'invalid-request-data',
      ['/not_after'],
    ],
    [
      'two addresses in one',
      { type: 't', id: 'k', data: {}, recipient: { email: 'a@example.com,b@example.com' } },
      'invalid-request-data',
      ['/recipient/email'],
    ],
    [
      'a national number',
      { type: 't', id: 'k', data: {}, recipient: { phone: '555-0123' } },
      'invalid-request-data',
      ['/recipient/phone'],
    ],
    [
      'no address',
      { type: 't', id: 'k', data: {}, recipient: { name: 'Jo' } },
      'invalid-request-data',
      ['/recipient'],
    ],
    [
      'a made-up zone and locale',
      {
        type: 't',
        id: 'k',
        data: {},
        recipient: { email: 'jo@example.com', time_zone: 'Mars/Base', locale: 'no such' },
      },
      'invalid-request-data',
      ['/recipient/locale', '/recipient/time_zone'],
    ],
    [
      'an offset for a zone',
      { type: 't', id: 'k', data: {}, recipient: { email: 'jo@example.com', time_zone: '+02:00' } },
      'invalid-request-data',
      ['/recipient/time_zone'],
    ],
    [
      'an unknown member of the recipient',
      { type: 't', id: 'k', data: {}, recipient: { email: 'jo@example.com', bcc: 'x' } },
      'invalid-request-data',
      ['/recipient/bcc'],
    ],
    [
      'a name of two lines',
      { type: 't', id: 'k', data: {}, recipient: { email: 'jo@example.com', name: 'a\r\nBcc: x' } },
      'invalid-request-data',
      ['/recipient/name'],
    ],
  ])('%s', (_name, body, code, pointers) => {
    const error = errorOf(() => readEvent(post(body)));
    expect([error.code, pointersOf(error)]).toEqual([code, pointers]);
  });

  test('every error is told at once', () => {
    const error = errorOf(() =>
      readEvent(post({ type: 't', id: '', data: {}, x: 1, channels: 'email', time: 'noon', recipient: [] })),
    );
    expect(pointersOf(error)?.toSorted()).toEqual(['/channels', '/id', '/recipient', '/time', '/x']);
  });

  test('16 levels pass and 17 do not', () => {
    const nest = (levels: number): string =>
      `{"type":"t","idempotency_key":"k","a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(readEvent(post(nest(16))).event.type).toBe('t');
    expect(errorOf(() => readEvent(post(nest(17)))).code).toBe('malformed-event');
    expect(errorOf(() => readEvent(post(nest(900)))).code).toBe('malformed-event');
    expect(errorOf(() => readEvent(post(nest(4_000)))).code).toBe('body-too-large');
  });

  test('bytes that are not UTF-8 are refused', () => {
    expect(
      errorOf(() => readEvent({ ...post(''), body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) })).code,
    ).toBe('malformed-json');
  });

  test('a byte order mark is no error, and names the same event', () => {
    const text = JSON.stringify({ type: 't', idempotency_key: 'k', a: 'ü' });
    expect(readEvent(post(`\ufeff${text}`))).toEqual({
      ...readEvent(post(text)),
      errorAt: expect.any(Function),
    });
  });

  test.each([
    ['{"a":', 'the body is not valid JSON (it ends too early)'],
    ['{"a":1 "b":2}', 'the body is not valid JSON (at character 7)'],
    ['{"a": nope}', 'the body is not valid JSON'],
  ])('broken JSON %j is told where it breaks, when that is known', (text, detail) => {
    expect(errorOf(() => readEvent(post(text))).message).toBe(detail);
  });

  test('the error of broken JSON never quotes the body', () => {
    expect(errorOf(() => readEvent(post('{"email":"jo@example.com",}'))).message).not.toContain('jo@');
  });

  test.each<[string, object, string, string[] | undefined]>([
    [
      'another version',
      { specversion: '0.3', id: 'i', source: 's', type: 't' },
      'malformed-event',
      ['/specversion'],
    ],
    ['no version', { id: 'i', source: 's', type: 't' }, 'malformed-event', ['/specversion']],
    [
      'binary data',
      { specversion: '1.0', id: 'i', source: 's', type: 't', data_base64: 'e30=' },
      'malformed-event',
      ['/data_base64'],
    ],
    [
      'data that is XML',
      { specversion: '1.0', id: 'i', source: 's', type: 't', datacontenttype: 'text/xml', data: '<a/>' },
      'unsupported-media-type',
      undefined,
    ],
    [
      'data that is a list',
      { specversion: '1.0', id: 'i', source: 's', type: 't', data: [] },
      'invalid-request-data',
      ['/data'],
    ],
    ['no source and no id', { specversion: '1.0', type: 't' }, 'invalid-request-data', ['/source', '/id']],
    [
      'a name with capitals',
      { specversion: '1.0', id: 'i', source: 's', type: 't', sendAt: 'x' },
      'invalid-request-data',
      ['/sendAt'],
    ],
    [
      'a bad address',
      { specversion: '1.0', id: 'i', source: 's', type: 't', recipientemail: 'no' },
      'invalid-request-data',
      ['/recipientemail'],
    ],
  ])('a CloudEvent with %s', (_name, body, code, pointers) => {
    const error = errorOf(() => readEvent(post(body, cloudEvents)));
    expect([error.code, pointersOf(error)]).toEqual([code, pointers]);
  });

  test('an error in a ce- header names the header', () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'i',
      'ce-source': 's',
      'ce-type': 't',
      'ce-sendat': 'soon',
    };
    const error = errorOf(() => readEvent(post({}, { headers })));
    expect(error.options.errors?.[0]?.detail).toContain('header ce-sendat');
    expect(errorOf(() => readEvent(post({}, { headers: { ...headers, 'ce-type': '%ff' } }))).code).toBe(
      'malformed-request',
    );
    const { 'ce-specversion': _, ...unversioned } = headers;
    expect(errorOf(() => readEvent(post({}, { headers: unversioned }))).message).toContain('specversion');
  });

  test('whatever comes, it is an event or a ServiceError', () => {
    const anyMedia = fc.constantFrom('application/json', 'application/cloudevents+json');
    const likely = fc.record(
      {
        type: fc.anything(),
        id: fc.anything(),
        data: fc.anything(),
        recipient: fc.anything(),
        channels: fc.anything(),
        send_at: fc.anything(),
        not_after: fc.anything(),
        specversion: fc.constantFrom('1.0', 1, null),
        idempotency_key: fc.anything(),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc
        .oneof(
          fc.json(),
          likely.map((value) => safeJson(value)),
        )
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(
        body,
        anyMedia,
        fc.dictionary(fc.constantFrom('ce-specversion', 'ce-type', 'ce-id', 'idempotency-key'), fc.string()),
        (bytes, mediaType, headers) => {
          const anyPost = { mediaType, headers, body: bytes, receivedAt };
          expect([
            isServiceErrorOrNone(() => readEvent(anyPost)),
            isServiceErrorOrNone(() => parseBatch(anyPost)),
          ]).toEqual([true, true]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function isServiceErrorOrNone(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    return error instanceof ServiceError;
  }
}

function safeJson(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ??
      'null'
    );
  } catch {
    return 'null';
  }
}

function judgeItem(item: BatchItem): unknown {
  if (item instanceof ServiceError) return [item.code, pointersOf(item)];
  try {
    return settle(item).idempotencyKey;
  } catch (error) {
    return error instanceof ServiceError ? [error.code, pointersOf(error)] : error;
  }
}

describe('batches', () => {
  test('one bad item does not spoil the others, and its pointers start with its index', () => {
    const items = parseBatch(
      post([{ type: 't', idempotency_key: 'a' }, 5, { type: 't', id: 'b', data: {}, x: 1 }, { type: 't' }]),
    );
    expect(items.map(judgeItem)).toEqual([
      'a',
      ['malformed-event', ['/1']],
      ['invalid-request-data', ['/2/x']],
      ['idempotency-key-missing', ['/3/idempotency_key']],
    ]);
  });

  test('a number or a name that cannot be kept spoils its own item only', () => {
    const good = '{"type":"t","idempotency_key":"a"}';
    const items = parseBatch(
      post(`[${good},{"type":"t","idempotency_key":"b","n":1e400},{"type":"t","type":"u"},${good}]`),
    );
    expect(items.map(judgeItem)).toEqual([
      'a',
      ['invalid-request-data', ['/1/n']],
      ['malformed-json', ['/2/type']],
      'a',
    ]);
  });

  test('no item hides the flaws of a later one, however many it has', () => {
    const many = Array.from({ length: 300 }, () => '1e400').join();
    const items = parseBatch(
      post(`[{"type":"t","id":"a","data":{"n":[${many}]}},{"type":"t","id":"b","data":{"n":1e400}}]`),
    );
    expect(judgeItem(items[1] as ParsedEvent)).toEqual(['invalid-request-data', ['/1/data/n']]);
  });

  test('a CloudEvents batch holds structured events', () => {
    const body = [
      { specversion: '1.0', id: 'i', source: 's', type: 't' },
      { type: 't', idempotency_key: 'k' },
    ];
    const [good, bad] = parseBatch(post(body, { mediaType: 'application/cloudevents-batch+json' }));
    expect(good).toMatchObject({ idempotencyKey: 's\u001fi' });
    expect(bad).toMatchObject({ code: 'malformed-event' });
  });

  test('500 events pass; none, 501, an object, and a key for all are refused', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ type: 't', idempotency_key: `k${index}` }));
    expect(parseBatch(post(many(500)))).toHaveLength(500);
    expect(errorOf(() => parseBatch(post(many(501)))).code).toBe('body-too-large');
    expect(errorOf(() => parseBatch(post([]))).code).toBe('invalid-request-data');
    expect(errorOf(() => parseBatch(post({}))).code).toBe('malformed-event');
    expect(errorOf(() => parseBatch(post(many(1), { headers: { 'idempotency-key': 'k' } }))).code).toBe(
      'malformed-request',
    );
  });
});
