import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestApp } from '../../../../test/support/http-app.ts';
import { readAnswer, someEventId, someMessageId, startTestApp } from '../../../../test/support/http-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const paths = [`/api/events/${someEventId}`, `/api/messages/${someMessageId}`];

test.each(paths)(
  '%s: a client sees its own, an administrator everybody’s, another client 404',
  async (path) => {
    expect((await app.get(path, 'tester:read')).status).toBe(200);
    expect((await app.get(path, 'boss:admin')).status).toBe(200);
    const answer = await app.get(path, 'other:read');
    expect([answer.status, (await readAnswer(answer)).code]).toEqual([404, 'not-found']);
  },
);

test.each([
  '/api/messages/diagnostics',
  '/api/messages/msg_1',
  `/api/messages/${someEventId}`,
  '/api/events/batch-1',
])('%s is no id, so it is 404 and the store is never asked', async (path) => {
  const asked: string[] = [];
  const note = async (id: string) => {
    asked.push(id);
    return undefined;
  };
  const watched = await startTestApp({ readEvent: note, readMessage: note });
  expect((await watched.get(path)).status).toBe(404);
  expect(asked).toEqual([]);
  await watched.stop();
});
