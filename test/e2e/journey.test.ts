import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

let smtp: ScriptedSmtp;
let service: Service;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  service = await startService({ environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` } });
});
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
});

describe('the journey of an event', () => {
  test('an accepted event becomes one mail at the provider, and its message ends sent', async () => {
    const before = smtp.messages.length;
    const id = await service.post({ id: 'j1', source: 'test', ...anEvent() });
    const messages = await service.waitForMessages(id, ['sent']);
    expect(messages).toMatchObject([{ channel: 'email', state: 'sent' }]);
    expect(smtp.messages.length - before).toBe(1);
    expect(smtp.messages.at(-1)?.to).toEqual(['ada@example.com']);
  });

  test('the same key from 50 connections at the same instant makes one event and one mail', async () => {
    const before = smtp.messages.length;
    const body = { id: 'j2', source: 'test', ...anEvent() };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => service.call('/api/events', { json: body })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const ids = new Set(answers.map((answer) => String(answer.body['event_id'])));
    expect(ids.size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(
      49,
    );
    await service.waitForMessages([...ids][0] ?? '', ['sent']);
    expect(smtp.messages.length - before).toBe(1);
  });
});

describe('time (ING-8)', () => {
  const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

  test('send_at delays: nothing leaves before it, and the message leaves after it', async () => {
    const before = smtp.messages.length;
    const sendAt = Date.now() + 2_500;
    const id = await service.post({
      id: 't1',
      source: 'test',
      ...anEvent(),
      send_at: new Date(sendAt).toISOString(),
    });
    await service.waitForMessages(id, ['queued']);
    expect(smtp.messages.length).toBe(before);
    await service.waitForMessages(id, ['sent']);
    expect(Date.now()).toBeGreaterThanOrEqual(sendAt);
    expect(smtp.messages.length).toBe(before + 1);
  });

  test('what has not left can be cancelled by its client, by no other, and never leaves', async () => {
    const before = smtp.messages.length;
    const id = await service.post({ id: 't2', source: 'test', ...anEvent(), send_at: inMs(2_500) });
    const [message] = await service.waitForMessages(id, ['queued']);
    const path = `/api/messages/${message?.message_id ?? ''}`;
    expect((await service.call(path, { method: 'DELETE', token: await service.token('other') })).status).toBe(
      404,
    );
    expect((await service.call(path, { method: 'DELETE' })).body['state']).toBe('cancelled');
    const later = await service.post({ id: 't3', source: 'test', ...anEvent(), send_at: inMs(3_000) });
    const [sent] = await service.waitForMessages(later, ['sent']);
    expect(smtp.messages.length).toBe(before + 1);
    const tooLate = await service.call(`/api/messages/${sent?.message_id ?? ''}`, { method: 'DELETE' });
    expect([tooLate.status, tooLate.body['code']]).toEqual([409, 'state-conflict']);
  });

  test('past its not_after an event expires, and so does a message that waited too long', async () => {
    const before = smtp.messages.length;
    const past = await service.call('/api/events', {
      json: { id: 't4', source: 'test', ...anEvent(), not_after: inMs(-1_000) },
    });
    expect(past.status).toBe(202);
    await waitFor(
      'the event expired',
      async () => (await service.call(`/api/events/${String(past.body['event_id'])}`)).body['state'],
      (state) => state === 'expired',
    );
    await service.call('/api/control/send', { method: 'PUT', json: { enabled: false, reason: 'a test' } });
    const id = await service.post({ id: 't5', source: 'test', ...anEvent(), not_after: inMs(1_500) });
    await service.waitForMessages(id, ['held']);
    await service.waitForMessages(id, ['expired']);
    expect(smtp.messages.length).toBe(before);
  });
});
