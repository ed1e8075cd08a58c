import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readResponse, someEventId, startTestApp, type TestApp } from '../../../test/support/http-app.ts';
import { ServiceError } from '../../domain/errors.ts';
import type { ClientId } from '../../domain/ids.ts';
import type { UnjudgedEvent } from '../../identity/quarantine.ts';
import type { Scope } from '../../identity/verify-token.ts';

let app: TestApp;
let taken: UnjudgedEvent[];
let isFull: boolean;
beforeAll(async () => {
  app = await startTestApp({
    tokens: { verifyToken: async (token) => claim(token) },
    quarantineEvent: async (unjudged) => {
      if (isFull) throw new ServiceError('keys-unavailable', 'full', { retryAfterSeconds: 30 });
      taken.push(unjudged);
      return { kind: 'accepted', eventId: someEventId, status: 'quarantined', dryRun: true };
    },
  });
});
beforeEach(() => {
  taken = [];
  isFull = false;
});
afterAll(() => app.stop());

/** Nobody can judge any token here; it claims the scope that it is named after. */
function claim(token: string) {
  const clientId = 'claimed' as ClientId;
  const scopes = new Set([`notify.${token}` as Scope]);
  return {
    kind: 'cannot-tell' as const,
    detail: 'no keys',
    claimed: { clientId, subject: 'claimed', scopes },
  };
}

const event = {
  type: 'welcome',
  idempotency_key: 'k1',
  recipient: { email: 'ada@example.com' },
  data: { firstName: 'Ada' },
};

describe('with a token that nobody can judge now', () => {
  test('a checked event is taken as quarantined, with the token and what it claims', async () => {
    const answer = await app.post('/api/events', event);
    expect(answer.status).toBe(202);
    expect(await readResponse(answer)).toMatchObject({ event_id: someEventId, status: 'quarantined' });
    expect(taken).toMatchObject([{ token: 'send', claimedClient: 'claimed', idempotencyKey: 'k1' }]);
    expect(taken[0]?.remoteAddress).toContain('127.0.0.1');
    expect(app.accepted).toEqual([]);
  });

  test('each good item of a batch is taken, and the bad one is told of', async () => {
    const answer = await app.post('/api/events/batch', [event, { ...event, type: 'nothing' }]);
    expect(answer.status).toBe(202);
    expect(await readResponse(answer)).toMatchObject({
      results: [{ status: 'quarantined' }, { status: 'rejected' }],
      accepted: 1,
    });
    expect(taken).toHaveLength(1);
  });

  test('an event that no token would make good is refused as ever', async () => {
    expect((await app.post('/api/events', { ...event, data: {} })).status).toBe(422);
    expect(taken).toEqual([]);
  });

  test('one that does not even claim the scope is 403', async () => {
    expect((await app.post('/api/events', event, { token: 'read' })).status).toBe(403);
    expect(taken).toEqual([]);
  });

  test('a full quarantine is 503 with Retry-After, for a batch too', async () => {
    isFull = true;
    for (const [path, body] of [['/api/events', event] as const, ['/api/events/batch', [event]] as const]) {
      const answer = await app.post(path, body);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('30');
      expect((await readResponse(answer)).code).toBe('keys-unavailable');
    }
  });

  test('every other route is 503: nothing is shown to somebody unproved', async () => {
    expect((await app.get(`/api/events/${someEventId}`)).status).toBe(503);
  });

  test('it is told apart from a bad token, also when the event was taken', async () => {
    const before = app.lines.length;
    await app.post('/api/events', event);
    const line = app.lines[before];
    expect(line).toMatchObject({ status: 202, isUnjudged: true });
    expect(line).not.toHaveProperty('tokenFault');
    expect(line).not.toHaveProperty('clientId');
  });
});
