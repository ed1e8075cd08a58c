import { expect, test } from 'vitest';
import { ServiceError } from '../domain/errors.ts';
import type { EventCatalog } from './check-event.ts';
import { checkEvent } from './check-event.ts';
import { parseEvent } from './parse-event.ts';

const catalog: EventCatalog = {
  types: () => ['welcome'],
  find: (type) => (type === 'welcome' ? { channels: ['email'] } : undefined),
  checkData: (_type, data) =>
    data['firstName'] === undefined ? [{ pointer: '/firstName', detail: 'is required' }] : [],
};

function check(body: object, from = catalog): ServiceError | undefined {
  const text = Buffer.from(JSON.stringify(body));
  const parsed = parseEvent({ mediaType: 'application/json', headers: {}, body: text });
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

test('faults point into the body that was posted, whatever its shape', () => {
  const pointers = (body: object) => check(body)?.options.faults?.map((fault) => fault.pointer);
  expect(pointers({ type: 'welcome', idempotency_key: 'k', recipient })).toEqual(['/firstName']);
  expect(pointers({ type: 'welcome', id: 'k', recipient, data: {} })).toEqual(['/data/firstName']);
});

test('a channel that is not offered and a missing recipient are told together', () => {
  const error = check({ type: 'welcome', id: 'k', channels: ['sms', 'email'], data: { firstName: 'Jo' } });
  expect(error?.options.faults?.map((fault) => fault.pointer)).toEqual(['/channels', '/data/student_id']);
});

test('a fault that the schema has found is not told a second time', () => {
  const needsId: EventCatalog = {
    ...catalog,
    checkData: () => [{ pointer: '/student_id', detail: 'is required' }],
  };
  const error = check({ type: 'welcome', id: 'k', data: {} }, needsId);
  expect(error?.options.faults).toEqual([{ pointer: '/data/student_id', detail: 'is required' }]);
});

test('a recipient without an address on any channel of the event is told at the door', () => {
  const phone = { phone: '+15555550123' };
  const error = check({ type: 'welcome', id: 'k', recipient: phone, data: { firstName: 'Jo' } });
  expect(error?.options.faults).toEqual([
    { pointer: '/recipient/email', detail: 'is required: this event goes out by email only' },
  ]);
  const both: EventCatalog = { ...catalog, find: () => ({ channels: ['email', 'sms'] }) };
  const event = { type: 'welcome', id: 'k', data: { firstName: 'Jo' } };
  expect(check({ ...event, recipient: phone }, both)).toBeUndefined();
  expect(
    check({ ...event, recipient, channels: ['sms'] }, both)?.options.faults?.map(({ pointer }) => pointer),
  ).toEqual(['/recipient/phone']);
});

test('a student_id stands for a recipient', () => {
  expect(check({ type: 'welcome', id: 'k', data: { firstName: 'Jo', student_id: 'stu_1' } })).toBeUndefined();
});
