import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDecisionNotes, notePermitResults } from '../../src/deliver/note-decision.ts';
import { type OperatorApi, seededAddresses, startOperatorApi } from '../support/operator-api.ts';

let api: OperatorApi;
beforeAll(async () => {
  api = await startOperatorApi({
    RATE_LIMIT_PER_MINUTE: '20',
    RATE_LIMIT_EMAIL_PER_MINUTE: '15',
    RATE_LIMIT_DOMAIN_PER_MINUTE: '12',
    MAX_SEND_PER_RUN: '100',
    MAX_SEND_PER_DAY: '50',
    SMS_DAILY_BUDGET: '3',
  });
});
afterAll(() => api.stop());

const read = async () => (await api.ask('GET', '/api/diagnostics')).body;

test('each limit shows how much of it is used now, by the rules of the permit', async () => {
  await api.claim(await api.seedMessage());
  await api.claim(await api.seedMessage());
  await api.claim(await api.seedMessage({ channel: 'sms' }));
  const { limits, caps, inflight } = await read();
  const used = (uses: { name: string; limit: number; used: number }[]) =>
    uses.map(({ name, limit, used: count }) => [name.split(':', 1)[0], limit, count]);
  expect(used(limits)).toEqual([
    ['all', 20, 3],
    ['channel', 15, 2],
  ]);
  expect(used(caps)).toEqual([
    ['run', 100, 3],
    ['day', 50, 3],
    ['sms-money', 3, 0.0079],
  ]);
  expect(inflight).toBe(3);
  expect(limits[0].window_ms).toBeGreaterThan(60_000);
});

test('flags of the environment and of run time stand side by side with their origin', async () => {
  const { flags, epoch, sending, held } = await read();
  expect(flags['DISABLE_SEND']).toEqual({ value: false, origin: 'environment' });
  expect(flags['send']).toEqual({ value: 'on', origin: 'run time (initial)' });
  expect([epoch, sending, held]).toEqual([1, true, {}]);
  await api.seedHeld('stopped');
  expect((await read()).held).toEqual({ stopped: 1 });
});

test('the newest decisions come first, masked, and the list does not grow without end', async () => {
  const { redis, keys } = api;
  const notes = createDecisionNotes({ redis, keys, now: Date.now });
  const message = await api.read(await api.seedMessage());
  for (let round = 0; round < 3; round += 1) {
    for (let count = 0; count < 500; count += 1) notes.note(message, 'go', '');
    await notes.flush();
  }
  notes.note(message, 'held', 'promo');
  await notes.flush();
  expect(await redis.llen(keys.shard(0).decisions)).toBe(1_000);
  const { decisions } = await read();
  expect(decisions).toHaveLength(100);
  expect(decisions[0]).toMatchObject({
    message_id: message.id,
    to: 's***@example.com',
    type: 'welcome',
    decision: 'held',
    reason: 'promo',
  });
});

test('every answer of the gate is noted, with what it means', async () => {
  const { redis, keys, gate } = api;
  const notes = createDecisionNotes({ redis, keys, now: Date.now });
  const permits = notePermitResults(gate.permits, notes.note);
  const message = await api.read(await api.seedMessage({ notAfter: 1 }));
  const other = await api.read(await api.seedMessage());
  const ask = { provider: 'smtp-1', segments: 1, rehearse: false };
  expect(await permits.ask({ ...ask, message })).toEqual({ kind: 'expired' });
  expect(await permits.ask({ ...ask, message: other })).toMatchObject({ kind: 'go' });
  await notes.flush();
  const lines = (await read()).decisions.slice(0, 2);
  expect(lines.map((line: { decision: string; reason: string }) => [line.decision, line.reason])).toEqual([
    ['go', 'smtp-1'],
    ['expired', ''],
  ]);
});

test('notes are written by themselves shortly after, and a store that is away is nobody’s fault', async () => {
  const { redis, keys } = api;
  const message = await api.read(await api.seedMessage());
  createDecisionNotes({ redis, keys, now: Date.now }).note(message, 'wait-here', 'all');
  await expect.poll(async () => (await read()).decisions[0].decision, { timeout: 5_000 }).toBe('wait-here');
  const away = redis.duplicate({ lazyConnect: true, enableOfflineQueue: false });
  const notes = createDecisionNotes({ redis: away, keys, now: Date.now });
  notes.note(message, 'go', '');
  await expect(notes.flush()).resolves.toBeUndefined();
  away.disconnect();
});

test('no answer ever held an address', () => {
  for (const address of seededAddresses)
    expect(api.seen.filter((text) => text.includes(address))).toEqual([]);
});
