import { expect, test } from 'vitest';
import { someMessageId, startTestApp } from '../../../../test/support/http-app.ts';
import type { CancelAnswer } from '../../services.ts';

async function cancel(answer: CancelAnswer, token = 'send') {
  const asked: unknown[] = [];
  const app = await startTestApp({
    cancelMessage: async (...question) => {
      asked.push(question);
      return answer;
    },
  });
  const reply = await app.get(`/api/messages/${someMessageId}`, token, 'DELETE');
  const body = await reply.json();
  await app.stop();
  return { status: reply.status, body, asked };
}

test('200: what has not left is cancelled, by the caller’s name', async () => {
  const { status, body, asked } = await cancel({ kind: 'cancelled' });
  expect(status).toBe(200);
  expect(body).toMatchObject({ message_id: someMessageId, state: 'cancelled' });
  expect(asked).toEqual([[someMessageId, 'tester', 'tester']]);
});

test('an administrator who may send cancels anybody’s', async () => {
  expect((await cancel({ kind: 'cancelled' }, 'boss:send+admin')).asked).toEqual([
    [someMessageId, 'any', 'boss'],
  ]);
});

test('404: what is not there, or not the caller’s', async () => {
  expect((await cancel({ kind: 'not-found' })).status).toBe(404);
});

test('409: what has left, with its state', async () => {
  const { status, body } = await cancel({ kind: 'too-late', state: 'sent' });
  expect(status).toBe(409);
  expect(body).toMatchObject({ code: 'state-conflict', state: 'sent' });
});
