import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestApp } from '../../../test/support/http-app.ts';
import { readResponse, startTestApp } from '../../../test/support/http-app.ts';
import { ServiceError } from '../../domain/errors.ts';
import { runBounded } from './post-event-batch.ts';

let app: TestApp;
beforeEach(async () => {
  app = await startTestApp();
});
afterEach(() => app.stop());

const event = (key: string, firstName = 'Jo') => ({
  type: 'welcome',
  idempotency_key: key,
  recipient: { email: 'jo@example.com' },
  firstName,
});

test('202: each item has its own result, in order; a bad one does not spoil the others', async () => {
  const answer = await app.post('/api/events/batch', [
    event('a'),
    5,
    event('b'),
    { ...event('c'), x: 1 },
    { ...event('d'), type: 'no' },
  ]);
  const body = await readResponse(answer);
  expect(answer.status).toBe(202);
  expect(body).toMatchObject({ accepted: 2, rejected: 3, dry_run: true });
  expect(body.results.map((result: { status: string }) => result.status)).toEqual([
    'accepted',
    'rejected',
    'accepted',
    'rejected',
    'rejected',
  ]);
  expect(body.results[3]?.problem).toMatchObject({
    status: 422,
    code: 'invalid-event-data',
    errors: [{ pointer: '/3/x' }],
  });
});

test('202: a repeated key is a duplicate, and with another body a conflict', async () => {
  await app.post('/api/events/batch', [event('a')]);
  const answer = await app.post('/api/events/batch', [event('a'), event('a', 'Al'), event('z')]);
  const { results } = await readResponse(answer);
  expect(results.map((result: { status: string }) => result.status)).toEqual([
    'duplicate',
    'rejected',
    'accepted',
  ]);
  expect(results[1]?.problem).toMatchObject({ status: 409, code: 'idempotency-conflict' });
});

test('422: when no item is acceptable, a problem with the same results', async () => {
  const answer = await app.post('/api/events/batch', [{}, { type: 'welcome', idempotency_key: 'k' }]);
  expect(answer.status).toBe(422);
  const body = await readResponse(answer);
  expect(body).toMatchObject({ code: 'invalid-event-data', accepted: 0, rejected: 2 });
  expect(body.results).toHaveLength(2);
});

test('503: when nothing could be written, the whole batch may be sent again', async () => {
  const failing = await startTestApp({
    acceptEvent: () => Promise.reject(new ServiceError('ingestion-paused', 'paused')),
  });
  const answer = await failing.post('/api/events/batch', [event('a'), {}]);
  expect([answer.status, (await readResponse(answer)).code]).toEqual([503, 'ingestion-paused']);
  expect(answer.headers.get('retry-after')).not.toBeNull();
  await failing.stop();
});

test('500: a fault of ours in every item is not blamed on the caller, and reaches the log', async () => {
  const failing = await startTestApp({ acceptEvent: () => Promise.reject(new Error('bug')) });
  expect((await failing.post('/api/events/batch', [event('a')])).status).toBe(500);
  await failing.stop();
  expect(failing.lines.at(-1)?.error).toBeDefined();
});

test('429: a batch costs the client one for each item', async () => {
  const costs: number[] = [];
  const take = (_client: string, cost: number) => {
    costs.push(cost);
    return { allowed: cost === 1, limit: 2, remaining: 1, windowSeconds: 60, resetSeconds: 3 };
  };
  const limited = await startTestApp({ clientLimit: { take } });
  expect((await limited.post('/api/events/batch', [event('a'), event('b'), event('c')])).status).toBe(429);
  expect(costs).toEqual([1, 2]);
  expect(limited.accepted).toHaveLength(0);
  await limited.stop();
});

test('no more than the bound are under way at a time, and results keep their order', async () => {
  let underWay = 0;
  let most = 0;
  const items = Array.from({ length: 100 }, (_, index) => index);
  const results = await runBounded(items, 32, async (item) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return item * 2;
  });
  expect(most).toBe(32);
  expect(results).toEqual(items.map((item) => item * 2));
});
