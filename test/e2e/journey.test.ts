import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';

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
