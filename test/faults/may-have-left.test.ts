import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { findBreaches, resendEvent, waitForRest } from './invariants.ts';
import { stopAndQuiesce, switchOn } from './switch-sending.ts';

let smtp: ScriptedSmtp;
let service: Service;
const acknowledged: string[] = [];

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  service = await startService({
    environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, ATTEMPT_TIMEOUT_SECONDS: '1' },
  });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
});

test('DLV-3: a resend that a stop holds says that a copy may be out, and leaves once when it is released', async () => {
  const id = await holdResend('released');
  const { items } = await list('/api/held');
  expect(items).toMatchObject([{ message_id: id, reason: 'stopped', may_have_left: true }]);
  expect(await breaches()).toEqual([]);

  smtp.play({});
  await switchOn(service);
  const { body } = await service.call('/api/held/release', {
    json: { filter: { ids: [id] }, reason: 'go', preview: false },
  });
  expect(body).toMatchObject({ released: 1, may_have_left: 1 });
  await waitForRest(service, 20_000);
  expect((await service.call(`/api/messages/${id}`)).body['state']).toBe('sent');
  expect(await breaches()).toEqual([]);
});

test('DLV-3: a resend cannot be cancelled as if nothing had left: it waits for a person', async () => {
  const id = await holdResend('cancelled');
  const answer = await service.call(`/api/messages/${id}`, { method: 'DELETE' });
  expect(answer).toMatchObject({ status: 409, body: { state: 'unknown' } });
  const { items } = await list('/api/unknown');
  expect(items).toMatchObject([{ message_id: id, reason: 'not-resent-cancelled' }]);
  expect(await breaches()).toEqual([]);
});

/** A message with its first copy at the provider, no answer to it, and the resend held by a stop; its id. */
async function holdResend(key: string): Promise<string> {
  const before = smtp.messages.length;
  smtp.play({ dot: 'hang' });
  await switchOn(service);
  const eventId = await service.post(resendEvent(key), key);
  acknowledged.push(eventId);
  await waitFor(
    'the provider has the message and does not answer',
    () => smtp.messages.length,
    (count) => count === before + 1,
  );
  await stopAndQuiesce(service);
  await waitForRest(service, 20_000);
  const { body } = await service.call(`/api/events/${eventId}`);
  const [message] = body['messages'] as { message_id: string; state: string }[];
  expect(message?.state).toBe('held');
  return message?.message_id ?? '';
}

async function list(path: string): Promise<{ items: unknown }> {
  const { body } = await service.call(path);
  return { items: body['items'] };
}

async function breaches(): Promise<string[]> {
  return await findBreaches(service, { acknowledged, received: smtp.messages, copiesMax: () => 2 });
}
