import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestApp } from '../../../test/support/http-app.ts';
import { readResponse, sendRaw, startTestApp } from '../../../test/support/http-app.ts';
import { ServiceError } from '../../domain/errors.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const event = {
  type: 'welcome',
  idempotency_key: 'k1',
  recipient: { email: 'jo@example.com' },
  firstName: 'Jo',
};

test('400: an event without an identity', async () => {
  const answer = await app.post('/api/events', { ...event, idempotency_key: undefined });
  expect([answer.status, (await readResponse(answer)).code]).toEqual([400, 'idempotency-key-missing']);
});

test('400: two keys on one event, though Node joins them into what could be a third', async () => {
  const body = JSON.stringify(event);
  const postWith = (...keys: string[]) =>
    sendRaw(
      app.url,
      [
        'POST /api/events HTTP/1.1',
        'Host: h',
        'Connection: close',
        'Authorization: Bearer send',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        ...keys.map((key) => `Idempotency-Key: ${key}`),
        '',
        body,
      ].join('\r\n'),
    );
  expect(await postWith('a', 'b')).toMatch(/^HTTP\/1.1 400 [\s\S]*"code":"malformed-request"/);
  expect(await postWith('a, b')).toMatch(/^HTTP\/1.1 202 /);
});

test('409: the same key with another body, naming the first event', async () => {
  const first = await readResponse(await app.post('/api/events', event));
  const answer = await app.post('/api/events', { ...event, firstName: 'Al' });
  expect(answer.status).toBe(409);
  expect(await readResponse(answer)).toMatchObject({
    code: 'idempotency-conflict',
    event_id: first.event_id,
  });
});

test('413: a body that grows past the limit without having said so', async () => {
  const piece = new Uint8Array(64 * 1024).fill(0x20);
  let pieces = 0;
  const body = new ReadableStream({
    pull(controller) {
      pieces += 1;
      if (pieces > 8) controller.close();
      else controller.enqueue(piece);
    },
  });
  const headers = { authorization: 'Bearer send', 'content-type': 'application/json' };
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
  const answer = await fetch(`${app.url}/api/events`, init);
  expect([answer.status, (await readResponse(answer)).code]).toEqual([413, 'body-too-large']);
});

test.each(['application/json; charset=latin1', 'application/xml', 'application/cloudevents-batch+json'])(
  '415: %s',
  async (type) => {
    const answer = await app.post('/api/events', event, { headers: { 'content-type': type } });
    expect([answer.status, (await readResponse(answer)).code]).toEqual([415, 'unsupported-media-type']);
  },
);

test('422: an unknown type, with the known ones', async () => {
  const answer = await app.post('/api/events', { ...event, type: 'welcom' });
  expect(answer.status).toBe(422);
  expect(await readResponse(answer)).toMatchObject({
    code: 'unknown-event-type',
    known_types: ['deadline_approaching', 'welcome'],
  });
});

test('422: every fault of the data by JSON pointer into the posted body', async () => {
  const answer = await app.post('/api/events', { type: 'deadline_approaching', id: 'i', data: { x: 1 } });
  expect(answer.status).toBe(422);
  const body = await readResponse(answer);
  expect(body.code).toBe('invalid-event-data');
  expect(body.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([
    '/data/student_id',
    '/data/deadline',
    '/data/x',
  ]);
});

test('429: a client past its allowance, told when to come back', async () => {
  const limited = await startTestApp({
    clientLimit: {
      take: () => ({ allowed: false, limit: 10, remaining: 0, windowSeconds: 60, resetSeconds: 7 }),
    },
  });
  const answer = await limited.post('/api/events', event);
  expect([answer.status, (await readResponse(answer)).code]).toEqual([429, 'rate-limited']);
  expect(answer.headers.get('retry-after')).toBe('7');
  expect(answer.headers.get('ratelimit')).toBe('"client";r=0;t=7');
  expect(limited.accepted).toHaveLength(0);
  await limited.stop();
});

test('503: nothing is half accepted while the store cannot write', async () => {
  const failing = await startTestApp({
    acceptEvent: () =>
      Promise.reject(new ServiceError('store-unavailable', 'try again', { retryAfterSeconds: 2 })),
  });
  const answer = await failing.post('/api/events', event);
  expect([answer.status, (await readResponse(answer)).code]).toEqual([503, 'store-unavailable']);
  expect(answer.headers.get('retry-after')).toBe('2');
  await failing.stop();
});

test('422: a body of countless faults gets a hundred of them and their number', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`x${index}`, 1]));
  const answer = await app.post('/api/events', { type: 'welcome', id: 'k', data: {}, ...unknown });
  const body = await readResponse(answer);
  expect(body.errors).toHaveLength(100);
  // Those of the shape, and that firstName and a recipient are missing: all faults at once.
  expect(body).toMatchObject({ errors_omitted: 802 });
});
