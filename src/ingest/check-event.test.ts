import { describe, expect, test } from 'vitest';
import { ServiceError } from '../domain/errors.ts';
import type { EventCatalog } from './check-event.ts';
import { checkEvent } from './check-event.ts';
import { parseEvent } from './parse-event.ts';

const receivedAt = Date.parse('2026-11-20T09:30:00Z');
const notAfter = { kind: 'field', field: 'deadline' } as const;
const catalog: EventCatalog = {
  directoryIdField: 'student_id',
  checkDrafts: () => ({ data: [] }),
  types: () => ['welcome'],
  find: (type) => (type === 'welcome' ? { channels: ['email'], notAfter } : undefined),
  checkData: (_type, data) =>
    data['firstName'] === undefined ? [{ pointer: '/firstName', detail: 'is required' }] : [],
};

function check(body: object, from = catalog): ServiceError | undefined {
  const text = Buffer.from(JSON.stringify(body));
  const parsed = parseEvent({ mediaType: 'application/json', headers: {}, body: text, receivedAt });
  try {
    checkEvent(parsed, from);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  return undefined;
}

const recipient = { email: 'jo@example.com' };

test('an event that its templates can be fed with passes', () => {
  expect(check({ type: 'welcome', idempotency_key: 'k', recipient, firstName: 'Jo' })).toBeUndefined();
});

test('an unknown type names the known ones', () => {
  const error = check({ type: 'welcom', idempotency_key: 'k' });
  expect(error?.code).toBe('unknown-event-type');
  expect(error?.options.extra).toEqual({ known_types: ['welcome'] });
});

test('errors point into the body that was posted, whatever its shape', () => {
  const pointers = (body: object) => check(body)?.options.errors?.map((error) => error.pointer);
  expect(pointers({ type: 'welcome', idempotency_key: 'k', recipient })).toEqual(['/firstName']);
  expect(pointers({ type: 'welcome', id: 'k', recipient, data: {} })).toEqual(['/data/firstName']);
});

test('a channel that is not offered and a missing recipient are told together', () => {
  const error = check({ type: 'welcome', id: 'k', channels: ['sms', 'email'], data: { firstName: 'Jo' } });
  expect(error?.options.errors?.map(({ pointer }) => pointer)).toEqual(['/channels', '/data/student_id']);
});

test('an error that the schema has found is not told a second time', () => {
  const needsId: EventCatalog = {
    ...catalog,
    checkData: () => [{ pointer: '/student_id', detail: 'is required' }],
  };
  const error = check({ type: 'welcome', id: 'k', data: {} }, needsId);
  expect(error?.options.errors).toEqual([{ pointer: '/data/student_id', detail: 'is required' }]);
});

test('a recipient without an address on any channel of the event is told at the door', () => {
  const phone = { phone: '+15555550123' };
  const error = check({ type: 'welcome', id: 'k', recipient: phone, data: { firstName: 'Jo' } });
  expect(error?.options.errors).toEqual([
    { pointer: '/recipient/email', detail: 'is required: this event goes out by email only' },
  ]);
  const both: EventCatalog = { ...catalog, find: () => ({ channels: ['email', 'sms'], notAfter }) };
  const event = { type: 'welcome', id: 'k', data: { firstName: 'Jo' } };
  expect(check({ ...event, recipient: phone }, both)).toBeUndefined();
  expect(
    check({ ...event, recipient, channels: ['sms'] }, both)?.options.errors?.map(({ pointer }) => pointer),
  ).toEqual(['/recipient/phone']);
});

test('a student_id stands for a recipient', () => {
  expect(check({ type: 'welcome', id: 'k', data: { firstName: 'Jo', student_id: 'stu_1' } })).toBeUndefined();
});

test('the field that names a person of the directory is the one that is set', () => {
  const other: EventCatalog = { ...catalog, directoryIdField: 'applicant_ref' };
  const event = { type: 'welcome', id: 'k', data: { firstName: 'Jo', student_id: 'stu_1' } };
  expect(check(event, other)?.options.errors).toEqual([
    { pointer: '/data/applicant_ref', detail: 'give a applicant_ref to look up, or a recipient' },
  ]);
  expect(check({ ...event, data: { firstName: 'Jo', applicant_ref: 'a1' } }, other)).toBeUndefined();
});

describe('every error at once', () => {
  const told = (body: object) => {
    const error = check(body);
    return [error?.code, error?.options.errors?.map(({ pointer }) => pointer)];
  };

  test.each<readonly [string, object, string, readonly string[]]>([
    [
      'no key, and all else is good',
      { type: 'welcome', recipient, firstName: 'Jo' },
      'idempotency-key-missing',
      ['/idempotency_key'],
    ],
    [
      'no key hides no error of the data',
      { type: 'welcome', recipient },
      'idempotency-key-missing',
      ['/idempotency_key', '/firstName'],
    ],
    [
      'nor an error of a field',
      { type: 'welcome', recipient: { email: 'no' }, send_at: 'noon' },
      'invalid-request-data',
      ['/recipient/email', '/send_at', '/idempotency_key', '/firstName'],
    ],
    [
      'nor that the type is not known',
      { type: 'welcom', recipient: { email: 'no' } },
      'unknown-event-type',
      ['/type', '/recipient/email', '/idempotency_key'],
    ],
    [
      'an error of a field hides none of the data',
      { type: 'welcome', id: 'k', recipient, send_at: 'noon', data: {} },
      'invalid-request-data',
      ['/send_at', '/data/firstName'],
    ],
    [
      'a key that is no key is told once',
      { type: 'welcome', idempotency_key: 'é', recipient, firstName: 'Jo' },
      'invalid-request-data',
      ['/idempotency_key'],
    ],
    [
      'a recipient that cannot be read is not also missing',
      { type: 'welcome', idempotency_key: 'k', recipient: [], firstName: 'Jo' },
      'invalid-request-data',
      ['/recipient'],
    ],
    [
      'a bad address is not also an absent one',
      { type: 'welcome', idempotency_key: 'k', recipient: { email: 'x%y@example.com' }, firstName: 'Jo' },
      'invalid-request-data',
      ['/recipient/email'],
    ],
  ])('%s', (_name, body, code, pointers) => {
    expect(told(body)).toEqual([code, pointers]);
  });
});

describe('when it may leave', () => {
  const good = { type: 'welcome', idempotency_key: 'k', firstName: 'Jo' };
  const inDays = (days: number): string => new Date(receivedAt + days * 86_400_000).toISOString();
  const zoned = (time_zone: string) => ({ ...recipient, time_zone });

  test.each<readonly [string, object, readonly (readonly [string, string])[]]>([
    ['in 400 days', { recipient, send_at: inDays(400) }, []],
    ['in 401', { recipient, send_at: inDays(401) }, [['/send_at', 'must be at most 400 days ahead']]],
    [
      'in the year 9999',
      { recipient, send_at: '9999-01-01T00:00:00Z' },
      [['/send_at', 'must be at most 400 days ahead']],
    ],
    ['a fence in 400 days', { recipient, not_after: inDays(400) }, []],
    ['a fence 400 days after its start', { recipient, send_at: inDays(300), not_after: inDays(700) }, []],
    [
      'a fence further off',
      { recipient, not_after: inDays(401) },
      [['/not_after', 'must be at most 400 days after send_at, or after now']],
    ],
    [
      'after its deadline',
      { recipient, send_at: '2026-12-05T09:00:00+01:00', deadline: '2026-12-04T22:00:00Z' },
      [
        [
          '/send_at',
          'is 2026-12-05T08:00:00.000Z, and by /deadline the event is worthless from 2026-12-04T22:00:00.000Z on',
        ],
      ],
    ],
    [
      'before its deadline',
      { recipient, send_at: '2026-12-04T21:59:59Z', deadline: '2026-12-04T22:00:00Z' },
      [],
    ],
    [
      'on the day of its deadline, where the reader is',
      { recipient: zoned('America/Los_Angeles'), send_at: '2026-12-05T07:59:00Z', deadline: '2026-12-04' },
      [],
    ],
    [
      'on the day after',
      { recipient: zoned('America/Los_Angeles'), send_at: '2026-12-05T08:00:00Z', deadline: '2026-12-04' },
      [
        [
          '/send_at',
          'is 2026-12-05T08:00:00.000Z, and by /deadline the event is worthless from 2026-12-05T08:00:00.000Z on',
        ],
      ],
    ],
    [
      'on a day that has ended for a reader without a zone',
      { recipient, send_at: '2026-12-05T00:00:00Z', deadline: '2026-12-04' },
      [['/send_at', expect.stringContaining('2026-12-05T00:00:00.000Z on') as string]],
    ],
    [
      'on a day that has not ended everywhere, for a person who is not known yet',
      { student_id: 's', send_at: '2026-12-05T11:59:00Z', deadline: '2026-12-04' },
      [],
    ],
    [
      'long ago: that expires, so that a replay gets the first answer',
      { recipient, deadline: '2020-01-01' },
      [],
    ],
  ])('%s', (_name, fields, errors) => {
    expect(check({ ...good, ...fields })?.options.errors ?? []).toEqual(
      errors.map(([pointer, detail]) => ({ pointer, detail })),
    );
  });
});
