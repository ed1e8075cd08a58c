import { afterAll, beforeAll, expect, test } from 'vitest';
import { readResponse, someEventId, startTestApp, type TestApp } from '../../test/support/http-app.ts';

let app: TestApp;
let asked: unknown[];
beforeAll(async () => {
  app = await startTestApp({
    perform: async ({ operationId, run }, request) => {
      const store = {
        get redis() {
          return (asked.push(operationId), undefined);
        },
        keys: { shards: 1 },
      };
      return await run(request, store as never);
    },
  });
});
afterAll(() => app.stop());

test.each([
  '/api/messages/diagnostics',
  '/api/messages/msg_1',
  `/api/messages/${someEventId}`,
  '/api/events/batch-1',
])('%s is no id, so it is 404 and the store is never asked', async (path) => {
  asked = [];
  const result = await app.get(path);
  expect([result.status, (await readResponse(result)).code]).toEqual([404, 'not-found']);
  expect(asked).toEqual([]);
});

test('what is no id is 404 before its body is looked at', async () => {
  const answer = await app.post('/api/unknown/msg_1', {}, { token: 'admin' });
  expect([answer.status, (await readResponse(answer)).code]).toEqual([404, 'not-found']);
});
