import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseEventId, parseMessageId } from '../../src/domain/ids.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** LIN-3: records of a newer program, and damaged ones, beside this program at work: parked, counted, shown, never sent, never a 500. */
let service: Service;
let smtp: ScriptedSmtp;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  service = await startService({
    environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` },
    processes: ['guard', 'api'],
  });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
});

/** Fields that this program cannot read, one kind a row. */
const oddities: readonly (readonly [string, string])[] = [
  ['v', '2'],
  ['state', 'sleeping'],
  ['mode', 'canary'],
  ['channel', 'pigeon'],
  ['data', '{"cut off'],
];

test('what this program cannot read is parked, and all else is sent; a program that can read it sends it', async () => {
  const newerEvent = await post('newer-event');
  const eventKey = keyOf(newerEvent);
  await service.redis.hset(eventKey, 'v', '2');
  await service.startProcess('planner');
  const planned = await Promise.all([post('good'), ...oddities.map(([name]) => post(`odd-${name}`))]);
  const [good = '', ...odd] = await Promise.all(
    planned.map(async (id) => (await service.waitForMessages(id, ['queued']))[0]?.message_id ?? ''),
  );
  const originals = await Promise.all(
    oddities.map(([name], at) => service.redis.hget(keyOf(odd[at] ?? ''), name)),
  );
  await Promise.all(
    oddities.map(([name, value], at) => service.redis.hset(keyOf(odd[at] ?? ''), name, value)),
  );
  await service.startProcess('sender');
  await waitFor('all that can be read is sent, and the rest is parked', readParked, ({ parked, sent }) => {
    return sent === 1 && parked.events === 1 && parked.messages === odd.length;
  });

  for (const id of odd)
    expect(await service.call(`/api/messages/${id}`)).toMatchObject({
      status: 409,
      body: { code: 'record-unreadable' },
    });
  expect((await service.call(`/api/events/${newerEvent}`)).status).toBe(409);
  expect((await service.call(`/api/messages/${good}`)).body).toMatchObject({ state: 'sent' });
  expect((await service.call(`/api/events/${planned[1] ?? ''}`)).body).toMatchObject({
    messages: [],
    unreadable: [odd[0]],
  });
  expect((await service.call(`/api/messages/${odd[0] ?? ''}`, { method: 'DELETE' })).status).toBe(409);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toMatch(/^acc_records_parked 6$/m);
  expect(metrics).not.toMatch(/^acc_http_requests_total\{[^}]*status="5/m);
  // However long the guard looks at them.
  expect(smtp.messages).toHaveLength(1);

  // The program that wrote them is back.
  await service.redis.hset(eventKey, 'v', '1');
  await Promise.all(
    oddities.map(([name], at) => service.redis.hset(keyOf(odd[at] ?? ''), name, originals[at] ?? '')),
  );
  await waitFor('all of them are sent', readParked, ({ parked, sent }) => {
    return sent === 2 + odd.length && parked.events + parked.messages === 0;
  });
  expect(smtp.messages).toHaveLength(2 + odd.length);
}, 60_000);

test('what waits for a person is shown as unreadable, and no bulk action touches it', async () => {
  await service.call('/api/control/send', { method: 'PUT', json: { enabled: false, reason: 'test' } });
  const [message] = await service.waitForMessages(await post('held'), ['held']);
  const id = message?.message_id ?? '';
  await service.redis.hset(keyOf(id), 'v', '2');
  expect((await service.call('/api/held')).body).toMatchObject({ items: [], unreadable: [id] });
  const json = { filter: {}, preview: false, reason: 'test' };
  for (const act of ['release', 'discard'])
    expect((await service.call(`/api/held/${act}`, { method: 'POST', json })).body).toMatchObject({
      matched: 0,
    });
  expect(await service.redis.hget(keyOf(id), 'state')).toBe('held');
});

async function post(key: string): Promise<string> {
  return await service.post(anEvent({ email: `${key}@example.com` }), key);
}

function keyOf(id: string): string {
  const [event, message] = [parseEventId(id), parseMessageId(id)];
  if (event !== undefined) return service.keys.of(event).event(event);
  if (message !== undefined) return service.keys.of(message).message(message);
  throw new Error(`"${id}" is no id`);
}

async function readParked() {
  const { body } = await service.call('/api/queue/status');
  const { sent = 0 } = body['messages'] as { sent?: number };
  return { sent, parked: body['parked'] as { events: number; messages: number } };
}
