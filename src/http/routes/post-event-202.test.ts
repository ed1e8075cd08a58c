import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestApp } from '../../../test/support/http-app.ts';
import { readResponse, startTestApp } from '../../../test/support/http-app.ts';

let app: TestApp;
beforeEach(async () => {
  app = await startTestApp();
});
afterEach(() => app.stop());

const event = {
  type: 'welcome',
  idempotency_key: 'k1',
  recipient: { email: 'jo@example.com' },
  firstName: 'Jo',
};

test('an accepted event has an id, a place and a state', async () => {
  const answer = await app.post('/api/events', event, { headers: { 'x-request-id': 'r1' } });
  const body = await readResponse(answer);
  expect(answer.status).toBe(202);
  expect(Object.keys(body)).toEqual(['event_id', 'state', 'status', 'dry_run', 'request_id']);
  expect(body).toMatchObject({ state: 'accepted', status: 'accepted', dry_run: true, request_id: 'r1' });
  expect(answer.headers.get('location')).toBe(`/api/events/${body.event_id}`);
  expect(answer.headers.get('idempotency-replayed')).toBeNull();
});

test('the same key and body again get the first event, marked as a replay', async () => {
  const first = await readResponse(await app.post('/api/events', event));
  const again = await app.post(
    '/api/events',
    { ...event, idempotency_key: 'other' },
    { headers: { 'idempotency-key': '"k1"' } },
  );
  expect(again.status).toBe(202);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(await readResponse(again)).toMatchObject({
    event_id: first.event_id,
    state: 'accepted',
    duplicate: true,
    status: 'duplicate',
  });
  expect(app.accepted).toHaveLength(1);
});

test('the same key of another client is another event', async () => {
  const mine = await readResponse(await app.post('/api/events', event));
  const theirs = await readResponse(
    await app.post('/api/events', { ...event, firstName: 'Al' }, { token: 'other:send' }),
  );
  expect(theirs).toMatchObject({ state: 'accepted' });
  expect(theirs.event_id).not.toBe(mine.event_id);
});

test('the store gets client, key, event, request id and a valid trace', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await app.post('/api/events', event, { headers: { traceparent, 'x-request-id': 'r2' } });
  await app.post(
    '/api/events',
    { ...event, idempotency_key: 'k2' },
    { headers: { traceparent: 'nonsense' } },
  );
  expect(app.accepted[0]).toEqual({
    client: 'tester',
    idempotencyKey: 'k1',
    requestId: 'r2',
    traceparent,
    event: { type: 'welcome', recipient: { email: 'jo@example.com' }, data: { firstName: 'Jo' } },
  });
  expect(app.accepted[1]).not.toHaveProperty('traceparent');
});

test('CloudEvents are taken, structured and binary', async () => {
  const ce = { specversion: '1.0', id: 'i', source: 's', type: 'welcome', recipientemail: 'jo@example.com' };
  const structured = await app.post(
    '/api/events',
    { ...ce, data: { firstName: 'Jo' } },
    {
      headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
    },
  );
  const headers = Object.fromEntries(Object.entries(ce).map(([name, value]) => [`ce-${name}`, value]));
  const binary = await app.post('/api/events', { firstName: 'Jo' }, { headers });
  expect([(await readResponse(structured)).status, (await readResponse(binary)).status]).toEqual([
    'accepted',
    'duplicate',
  ]);
});

test('a body in many small chunks is read whole', async () => {
  const text = JSON.stringify(event);
  const body = new ReadableStream({
    start(controller) {
      for (const character of text) controller.enqueue(new TextEncoder().encode(character));
      controller.close();
    },
  });
  const headers = { authorization: 'Bearer send', 'content-type': 'application/json' };
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
  expect((await fetch(`${app.url}/api/events`, init)).status).toBe(202);
});

test('the log line names the route by its pattern, the client, and no address', async () => {
  await app.post('/api/events', event);
  await expect
    .poll(() => app.lines.at(-1))
    .toMatchObject({ route: '/api/events', method: 'POST', status: 202, clientId: 'tester' });
  expect(JSON.stringify(app.lines)).not.toContain('jo@');
});
