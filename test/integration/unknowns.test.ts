import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OperatorApi, seededAddresses, startOperatorApi } from '../support/operator-api.ts';

let api: OperatorApi;
beforeAll(async () => {
  api = await startOperatorApi({ RATE_LIMIT_ENABLED: 'false' });
});
afterAll(() => api.stop());

const resolve = (id: string, resolution: string) =>
  api.ask('POST', `/api/unknown/${id}`, { resolution, reason: 'looked it up' });

test('unknown messages are listed with what is known of their attempt', async () => {
  const { id } = await api.seedUnknown();
  const { items } = (await api.ask('GET', '/api/unknown')).body;
  expect(items).toEqual([
    expect.objectContaining({
      message_id: id,
      reason: 'no-answer',
      provider: 'smtp-1',
      attempts: 1,
      to: 's***@example.com',
    }),
  ]);
  await resolve(id, 'discard');
  expect((await api.ask('GET', '/api/unknown')).body.items).toEqual([]);
});

test.each([
  ['sent', 'sent'],
  ['resend', 'queued'],
  ['discard', 'discarded'],
] as const)('a person’s word "%s" makes it %s, once', async (resolution, state) => {
  const { id } = await api.seedUnknown();
  expect((await resolve(id, resolution)).body).toMatchObject({ message_id: id, state });
  const record = await api.read(id);
  expect(record.state).toBe(state);
  expect(record.history.at(-1)).toMatchObject({ from: 'unknown', by: 'boss', reason: 'looked it up' });
  const again = await resolve(id, resolution);
  expect([again.status, again.body.code, again.body.state]).toEqual([409, 'state-conflict', state]);
});

test('of two people who decide at once, one wins', async () => {
  const { id } = await api.seedUnknown();
  const answers = await Promise.all([resolve(id, 'resend'), resolve(id, 'discard')]);
  expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['200', '409']);
  const winner = answers.find(({ status }) => status === 200);
  expect((await api.read(id)).state).toBe(winner?.body.state);
});

test('what the provider said to have sent, however late, is never queued again', async () => {
  const id = await api.seedMessage();
  const claim = await api.claim(id);
  await api.redis.hset(api.keys.of(id).message(id), 'deadline', 1);
  expect(await api.gate.permits.lapse(await api.read(id), 'ask')).toBe('unknown');
  const line = { number: 1, provider: 'smtp-1', outcome: 'accepted', detail: '250', durationMs: 9 };
  await api.gate.permits.commit(claim, { to: 'sent', reason: '', line, fields: {}, undo: false });
  const answer = await resolve(id, 'resend');
  expect([answer.status, answer.body.state]).toEqual([409, 'sent']);
  expect((await api.read(id)).state).toBe('sent');
});

test('nothing of this id is 404, another word 422', async () => {
  expect((await resolve(`msg_00${'0'.repeat(24)}`, 'sent')).status).toBe(404);
  expect((await resolve(`msg_ff${'0'.repeat(24)}`, 'sent')).status).toBe(404);
  expect((await resolve(`msg_00${'0'.repeat(24)}`, 'perhaps')).status).toBe(422);
});

test('no answer ever held an address', () => {
  for (const address of seededAddresses)
    expect(api.seen.filter((text) => text.includes(address))).toEqual([]);
});
