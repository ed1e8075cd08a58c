import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClientId } from '../../src/domain/ids.ts';
import { createAcceptEvent } from '../../src/ingest/accept-event.ts';
import { type OperatorApi, startOperatorApi } from '../support/operator-api.ts';

let api: OperatorApi;
beforeAll(async () => {
  api = await startOperatorApi();
});
afterAll(() => api.stop());

/** Seeded messages belong to this client. */
const owner = 'upstream';

async function seedEvent(): Promise<string> {
  const { redis, keys, jobs } = api;
  const acceptEvent = createAcceptEvent({
    redis,
    keys,
    jobs,
    mode: 'testing',
    idempotencyMs: 60_000,
    now: Date.now,
  });
  const event = { type: 'welcome', data: {} };
  const { eventId } = await acceptEvent({
    client: owner as ClientId,
    idempotencyKey: 'k',
    event,
    requestId: 'r',
  });
  return `/api/events/${eventId}`;
}

describe('whose it is', () => {
  test.each([
    ['an event', seedEvent],
    ['a message', async () => `/api/messages/${await api.seedMessage()}`],
  ])('%s: a client sees its own, an administrator everybody’s, another client 404', async (_what, seed) => {
    const path = await seed();
    expect((await api.ask('GET', path, undefined, `${owner}:read`)).status).toBe(200);
    expect((await api.ask('GET', path, undefined, 'boss:admin')).status).toBe(200);
    const answer = await api.ask('GET', path, undefined, 'other:read');
    expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
  });
});

describe('cancelling one message', () => {
  const cancel = (id: string, token = `${owner}:send`) =>
    api.ask('DELETE', `/api/messages/${id}`, undefined, token);

  test('200: what has not left is cancelled, by the caller’s name', async () => {
    const id = await api.seedMessage();
    expect(await cancel(id)).toMatchObject({ status: 200, body: { message_id: id, state: 'cancelled' } });
    expect((await api.read(id)).history.at(-1)).toMatchObject({ to: 'cancelled', by: owner });
  });

  test('an administrator who may send cancels anybody’s; another client is told 404', async () => {
    const id = await api.seedMessage();
    expect((await cancel(id, 'other:send')).status).toBe(404);
    expect((await cancel(id, 'boss:send+admin')).status).toBe(200);
  });

  test('409: what is being sent, with its state', async () => {
    const id = await api.seedMessage();
    await api.claim(id);
    expect(await cancel(id)).toMatchObject({
      status: 409,
      body: { code: 'state-conflict', state: 'claimed' },
    });
  });
});
