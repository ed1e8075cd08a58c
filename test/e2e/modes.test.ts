import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';

let smtp: ScriptedSmtp;
let service: Service | undefined;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
});
afterAll(async () => {
  await smtp?.close();
});

/** A service with these settings over the tests' own, and one provider that listens. */
async function start(environment: Readonly<Record<string, string>>): Promise<Service> {
  service = await startService({
    environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, ...environment },
  });
  return service;
}

/** Replaces the sender by one with other settings. */
async function restartSender(running: Service, overrides: Readonly<Record<string, string>>): Promise<void> {
  await running.processes.get('sender')?.stop();
  await running.startProcess('sender', 'sender', overrides);
}

const promotional = {
  type: 'weekly_digest',
  data: {
    firstName: 'Ada',
    matches: [{ scholarship_id: 'sch_1', scholarship_title: 'A grant', match_score: 90 }],
  },
};

describe('with nothing set', () => {
  test('a message is held as stopped, with its draft, and no provider is called', async () => {
    const running = await start({ APP_MODE: '', DISABLE_SEND: '', RATE_LIMIT_ENABLED: '' });
    const connections = smtp.connections;
    const id = await running.post(anEvent());
    const [message] = await running.waitForMessages(id, ['held']);
    expect(message).toMatchObject({ state: 'held', reason: 'stopped' });
    const draft = await running.redis.hget(`acc:{s00}:message:${message?.message_id}`, 'draft');
    expect(JSON.parse(draft ?? '{}')).toMatchObject({ channel: 'email', subject: expect.any(String) });
    expect(existsSync(running.environment['OUTBOX_DIR'] ?? '')).toBe(false);
    expect(smtp.connections).toBe(connections);
  });

  test.each(['True', 'FALSE', 'no', '0', 'fasle', ' '])(
    'DISABLE_SEND=%j does not enable sending, whatever the mode',
    async (word) => {
      const running = await start({ DISABLE_SEND: word });
      const connections = smtp.connections;
      const messages = await running.waitForMessages(await running.post(anEvent()), ['held', 'sent']);
      expect(messages).toMatchObject([{ state: 'held', reason: 'stopped' }]);
      expect(smtp.connections).toBe(connections);
    },
  );
});

describe('dry_run', () => {
  const settings = {
    APP_MODE: 'dry_run',
    RATE_LIMIT_ENABLED: 'true',
    RATE_LIMIT_PER_MINUTE: '1',
    MIN_MESSAGE_INTERVAL: '3600',
    RECIPIENT_DAILY_CAP: '1',
    MAX_SEND_PER_DAY: '1',
    MAX_SEND_PER_RUN: '1',
  };

  test('messages end rehearsed, drafts lie in the outbox, no provider hears of it and no limit is used up', async () => {
    const running = await start(settings);
    const connections = smtp.connections;
    // A stranger, three times: neither the allow-list nor a limit stands in the way of a rehearsal.
    const stranger = { email: 'stranger@elsewhere.test', phone: '+15555550133' };
    const ids = await Promise.all([1, 2, 3].map(() => running.post(anEvent(stranger))));
    const messages = (await Promise.all(ids.map((id) => running.waitForMessages(id, ['rehearsed'])))).flat();
    expect(messages.map(({ channel }) => channel).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => 'email'),
      ...Array.from({ length: 3 }, () => 'sms'),
    ]);
    const outbox = running.environment['OUTBOX_DIR'] ?? '';
    const names = messages.map(
      ({ message_id, channel }) => `${message_id}.${channel === 'email' ? 'eml' : 'txt'}`,
    );
    expect(readdirSync(outbox).toSorted()).toEqual([...names, 'send_log.jsonl'].toSorted());
    const log = readFileSync(join(outbox, 'send_log.jsonl'), 'utf8');
    expect(log).not.toContain(stranger.email);
    expect(log).not.toContain(stranger.phone);
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line['file']).toSorted()).toEqual(names.toSorted());
    const mail = names.find((name) => name.endsWith('.eml')) ?? '';
    expect(readFileSync(join(outbox, mail), 'utf8')).toMatch(/^To: .*stranger@elsewhere\.test/m);
    expect(smtp.connections).toBe(connections);
    const used = await Promise.all(
      ['window', 'recipient', 'cap', 'provider'].map((kind) => running.redis.keys(`*:${kind}:*`)),
    );
    expect(used.flat()).toEqual([]);
  });

  test('what was accepted as a rehearsal is never sent, even by a sender that sends', async () => {
    const running = await start({ ...settings, RATE_LIMIT_ENABLED: 'false' });
    const connections = smtp.connections;
    await running.processes.get('sender')?.stop();
    const id = await running.post(anEvent());
    await running.waitForMessages(id, ['queued']);
    await running.startProcess('sender', 'sender', { APP_MODE: 'testing' });
    expect(await running.waitForMessages(id, ['rehearsed', 'sent'])).toMatchObject([{ state: 'rehearsed' }]);
    expect(smtp.connections).toBe(connections);
  });
});

describe('testing', () => {
  test('only the allow-list is written to; others, promotional ones and an emergency end held', async () => {
    const running = await start({ ALLOWED_RECIPIENTS: 'ada@example.com' });
    const before = smtp.messages.length;
    const [allowed, stranger, digest] = await Promise.all([
      running.post(anEvent()),
      running.post(anEvent({ email: 'eve@example.com' })),
      running.post({ ...anEvent(), ...promotional }),
    ]);
    expect(await running.waitForMessages(allowed, ['sent'])).toHaveLength(1);
    expect(await running.waitForMessages(stranger, ['held'])).toMatchObject([{ reason: 'not-allowed' }]);
    expect(await running.waitForMessages(digest, ['held'])).toMatchObject([{ reason: 'promo' }]);

    await restartSender(running, { EMERGENCY_STOP: 'true', PROMO_SENDS: 'true' });
    const stopped = await Promise.all([
      running.post(anEvent()),
      running.post({ ...anEvent(), ...promotional }),
    ]);
    for (const id of stopped) {
      expect(await running.waitForMessages(id, ['held'])).toMatchObject([{ reason: 'stopped' }]);
    }
    expect(smtp.messages.slice(before).map(({ to }) => to)).toEqual([['ada@example.com']]);
  });

  test('a misspelt EMERGENCY_STOP stops', async () => {
    const running = await start({ EMERGENCY_STOP: 'flase' });
    const before = smtp.connections;
    const messages = await running.waitForMessages(await running.post(anEvent()), ['held', 'sent']);
    expect(messages).toMatchObject([{ state: 'held', reason: 'stopped' }]);
    expect(smtp.connections).toBe(before);
  });

  test('with a redirect, everything goes to it and nothing to the recipient', async () => {
    const running = await start({ REDIRECT_EMAIL: 'desk@example.com' });
    const before = smtp.messages.length;
    await running.waitForMessages(await running.post(anEvent({ email: 'stranger@elsewhere.test' })), [
      'sent',
    ]);
    const mails = smtp.messages.slice(before);
    expect(mails.map(({ to }) => to)).toEqual([['desk@example.com']]);
  });
});
