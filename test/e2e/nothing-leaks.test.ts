import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findLeaks, type Seed } from '../support/find-leaks.ts';
import { type ScriptedHttp, startScriptedHttp } from '../support/scripted-http.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * Secrets and people are seeded into settings, fields, headers and tokens; then everything fails that can, with servers
 * that quote what they were given. Nothing of it may stand in a log, a figure or an answer. Add a seed, or a failure.
 */
const person = {
  name: 'Zaphod Quillfeather',
  email: 'zaphod.quillfeather@example.com',
  phone: '+15555550187',
  title: 'Quetzalcoatl bursary of Xanadu',
};
const secrets = {
  ADDRESS_HASH_KEY: 'seeded-hash-key-8f2b91c7d0e4-a53f90e1',
  SMS_AUTH_TOKEN: 'seeded-sms-token-51ac9e77b3',
  smtpPassword: 'seeded-smtp-word-c04d8812',
  storePassword: 'seeded-store-word-77e1f0a9',
  wrongPassword: 'seeded-wrong-word-d93b6612',
  tokenClaim: 'seeded-claim-of-a-token-0b7c',
} as const;
const seeds: readonly Seed[] = [
  ...Object.entries(secrets).map(([what, value]) => ({
    what,
    value: value.slice('seeded-'.length),
    partMin: 10,
  })),
  { what: 'name', value: 'Quillfeather', partMin: 12 },
  { what: 'local part', value: 'zaphod.quillfeather', partMin: 19 },
  { what: 'number', value: '5555550187', partMin: 10 },
  { what: 'data', value: 'Quetzalcoatl', partMin: 12 },
];

let smtp: ScriptedSmtp;
let gateway: ScriptedHttp;
let service: Service;
/** Everything that was answered and may not hold a seed, by where it came from. */
const said: [where: string, text: string][] = [];

beforeAll(async () => {
  const login = Buffer.from(`\0desk\0${secrets.smtpPassword}`).toString('base64');
  smtp = await startScriptedSmtp();
  smtp.play({
    ehlo: { reply: '250-mail.example.com\r\n250 AUTH PLAIN' },
    rcpt: {
      reply: `550 5.7.1 <${person.email}> ${person.name}: "${person.title}" is refused for ${secrets.smtpPassword} ${login}`,
    },
  });
  gateway = await startScriptedHttp(({ headers, body }) => ({
    status: 400,
    body: JSON.stringify({
      code: 30007,
      message: `filtered: ${headers['authorization']} ${body} ${person.phone.slice(1)}`,
    }),
  }));
  service = await startService({
    environment: {
      LOG_LEVEL: 'debug',
      ADDRESS_HASH_KEY: secrets.ADDRESS_HASH_KEY,
      SMTP_URL: `smtp://desk:${secrets.smtpPassword}@127.0.0.1:${smtp.port}`,
      SMS_API_URL: String(gateway.baseUrl),
      SMS_ACCOUNT_SID: 'AC0123456789',
      SMS_AUTH_TOKEN: secrets.SMS_AUTH_TOKEN,
    },
  });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await gateway?.close();
  await smtp?.close();
});

function event(to: object): object {
  const data = {
    student_id: 'stu_1',
    scholarship_id: 'sch_1',
    match_score: 90,
    scholarship_title: person.title,
  };
  return { type: 'new_match_found', ...data, recipient: { ...to, name: person.name, locale: 'en' } };
}

async function ask(
  path: string,
  init: Parameters<Service['call']>[1] = {},
): Promise<Record<string, unknown>> {
  const { body } = await service.call(path, init);
  said.push([path, JSON.stringify(body)]);
  return body;
}

test('providers that quote the message, the person and our login', async () => {
  for (const to of [{ email: person.email }, { phone: person.phone }]) {
    const id = await service.post(event(to) as Record<string, unknown>);
    const [message] = await service.waitForMessages(id, ['dead']);
    await ask(`/api/events/${id}`);
    await ask(`/api/messages/${message?.message_id ?? ''}`);
  }
  expect(gateway.requests).toHaveLength(1);
  for (const path of ['dead-letters', 'messages', 'diagnostics', 'providers/health', 'audit', 'held'])
    await ask(`/api/${path}`);
});

test('requests whose faults are in what is secret', async () => {
  const claims = Buffer.from(JSON.stringify({ sub: secrets.tokenClaim, name: person.name })).toString(
    'base64url',
  );
  for (const token of [`eyJhbGciOiJub25lIn0.${claims}.`, secrets.tokenClaim])
    await ask('/api/events', { token, json: event({ email: person.email }) });
  await ask('/api/events', {
    json: event({ email: `${person.email}, ${person.email}` }),
  });
  await ask(`/api/messages?to=${encodeURIComponent(`${person.email}>`)}`);
  const entries = [{ address: `${person.email}>`, reason: `${person.email} asked` }];
  const answer = await ask('/api/suppressions', {
    method: 'POST',
    json: { entries, reason: `call ${person.phone}` },
  });
  expect(answer).toHaveProperty('faults');
});

test('a store that refuses: wrong password, full, read-only, a type that is not expected', async () => {
  const { redis } = service;
  const { port } = new URL(service.redisUrl);
  const failing = (): Promise<unknown> =>
    ask('/api/events', {
      json: event({ email: person.email }),
      headers: { 'idempotency-key': `k-${Math.random()}` },
    });
  await redis.config('SET', 'maxmemory', '1');
  expect(await failing()).toMatchObject({ status: 503 });
  await redis.config('SET', 'maxmemory', '0');
  await redis.replicaof('127.0.0.1', 1);
  expect(await failing()).toMatchObject({ status: 503 });
  await redis.replicaof('NO', 'ONE');
  const { eventsOpen } = service.keys.shard(0);
  await redis.rename(eventsOpen, `${eventsOpen}-aside`).catch(() => undefined);
  await redis.set(eventsOpen, person.name);
  await failing();
  await redis.del(eventsOpen);
  await redis.config('SET', 'requirepass', secrets.storePassword);
  const wrong = { REDIS_URL: `redis://desk:${secrets.wrongPassword}@127.0.0.1:${port}` };
  const starting = service.startProcess('sender', 'locked-out', wrong).catch(() => undefined);
  await waitFor(
    'a sender that is refused by the store',
    () => service.processes.get('locked-out')?.lastLines().join('\n') ?? '',
    (lines) => lines.includes('WRONGPASS'),
    { deadlineMs: 20_000 },
  );
  await service.processes.get('locked-out')?.stop();
  await starting;
  await redis.config('SET', 'requirepass', '');
});

test('nothing of it stands in a log, a figure or an answer', async () => {
  const metrics = await fetch(`${service.url}/metrics`);
  said.push(['/metrics', await metrics.text()]);
  const logs = readdirSync(service.dir).filter((name) => name.endsWith('.log'));
  expect(logs.length).toBeGreaterThan(4);
  for (const name of logs) said.push([name, readFileSync(join(service.dir, name), 'utf8')]);
  expect(said.map(([, text]) => text.length).reduce((sum, length) => sum + length)).toBeGreaterThan(20_000);
  expect(
    said.flatMap(([where, text]) => text.split('\n').flatMap((line) => findLeaks(where, line, seeds))),
  ).toEqual([]);
});

test('the scan finds what it is for, in every form', () => {
  for (const { value } of seeds)
    for (const text of [
      value,
      encodeURIComponent(`to=${value}&x`).replaceAll('e', '%65'),
      Buffer.from(`xy${value}`).toString('base64'),
      Buffer.from(value).toString('hex'),
    ])
      expect(findLeaks('here', `a ${text} b`, seeds), text).not.toEqual([]);
});
