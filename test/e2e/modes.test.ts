import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { MessageId } from '../../src/domain/ids.ts';
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
  test('a message is held as stopped, with its draft, and no misspelt word enables sending', async () => {
    const running = await start({ APP_MODE: '', DISABLE_SEND: '', RATE_LIMIT_ENABLED: '' });
    const connections = smtp.connections;
    const [message] = await running.waitForMessages(await running.post(anEvent()), ['held']);
    expect(message).toMatchObject({ state: 'held', reason: 'stopped' });
    const { message: keyOf } = running.keys.shard(0);
    const draft = await running.redis.hget(keyOf(message?.message_id as MessageId), 'draft');
    expect(JSON.parse(draft ?? '{}')).toMatchObject({ channel: 'email', subject: expect.any(String) });

    // The words themselves are the unit test's; these two show that the sender means the same by them.
    for (const word of ['FALSE', 'fasle']) {
      await restartSender(running, { APP_MODE: 'testing', DISABLE_SEND: word });
      const messages = await running.waitForMessages(await running.post(anEvent()), ['held', 'sent']);
      expect(messages, word).toMatchObject([{ state: 'held', reason: 'stopped' }]);
    }
    expect(existsSync(running.environment['OUTBOX_DIR'] ?? '')).toBe(false);
    expect(smtp.connections).toBe(connections);
  });
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

  test('messages end rehearsed: drafts in the outbox, no provider hears of it, no limit is used up, and nothing is sent later', async () => {
    const running = await start(settings);
    const connections = smtp.connections;
    // A stranger, three times: neither the allow-list nor a limit stands in the way of a rehearsal.
    const stranger = { email: 'stranger@elsewhere.test', phone: '+15555550133' };
    const ids = await Promise.all([1, 2, 3].map(() => running.post(anEvent(stranger))));
    const messages = (await Promise.all(ids.map((id) => running.waitForMessages(id, ['rehearsed'])))).flat();
    const wanted = ['email', 'email', 'email', 'sms', 'sms', 'sms'];
    expect(messages.map(({ channel }) => channel).toSorted()).toEqual(wanted);
    const outbox = running.environment['OUTBOX_DIR'] ?? '';
    const names = messages.map(
      ({ message_id, channel }) => `${message_id}.${channel === 'email' ? 'eml' : 'txt'}`,
    );
    expect(readdirSync(outbox).toSorted()).toEqual([...names, 'send_log.jsonl'].toSorted());
    const log = readFileSync(join(outbox, 'send_log.jsonl'), 'utf8');
    expect(log).not.toContain(stranger.email);
    expect(log).not.toContain(stranger.phone);
    const lines = log.trim().split('\n');
    const files = lines.map((line) => (JSON.parse(line) as { file: string }).file);
    expect(files.toSorted()).toEqual(names.toSorted());
    const mail = names.find((name) => name.endsWith('.eml')) ?? '';
    expect(readFileSync(join(outbox, mail), 'utf8')).toMatch(/^To: .*stranger@elsewhere\.test/m);
    const kinds = ['window', 'recipient', 'cap', 'provider'];
    const used = await Promise.all(kinds.map((kind) => running.redis.keys(`*:${kind}:*`)));
    expect(used.flat()).toEqual([]);

    // Accepted as a rehearsal, met by a sender that sends: still a rehearsal.
    await running.processes.get('sender')?.stop();
    const late = await running.post(anEvent());
    await running.waitForMessages(late, ['queued']);
    await running.startProcess('sender', 'sender', { APP_MODE: 'testing' });
    expect(await running.waitForMessages(late, ['rehearsed', 'sent'])).toMatchObject([
      { state: 'rehearsed' },
    ]);
    expect(smtp.connections).toBe(connections);
  });
});

describe('testing', () => {
  test('what was accepted to be sent is held, not used up, by a sender that rehearses', async () => {
    const running = await start({});
    await running.processes.get('sender')?.stop();
    await running.startProcess('sender', 'sender', { APP_MODE: 'dry_run' });
    const ends = await running.waitForMessages(await running.post(anEvent()), ['held', 'rehearsed']);
    expect(ends).toMatchObject([{ state: 'held', reason: 'dry-run' }]);
  });

  test('only the allow-list is written to; strangers and promotional ones are held, and an emergency holds all', async () => {
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

    for (const word of ['true', 'flase']) {
      await restartSender(running, { EMERGENCY_STOP: word, PROMO_SENDS: 'true' });
      const stopped = [await running.post(anEvent()), await running.post({ ...anEvent(), ...promotional })];
      for (const id of stopped) {
        const messages = await running.waitForMessages(id, ['held', 'sent']);
        expect(messages, word).toMatchObject([{ state: 'held', reason: 'stopped' }]);
      }
    }
    expect(smtp.messages.slice(before).map(({ to }) => to)).toEqual([['ada@example.com']]);

    // With a redirect nobody is a stranger, because nobody is written to.
    await restartSender(running, { REDIRECT_EMAIL: 'desk@example.com' });
    await running.waitForMessages(await running.post(anEvent({ email: 'eve@elsewhere.test' })), ['sent']);
    expect(smtp.messages.slice(before + 1).map(({ to }) => to)).toEqual([['desk@example.com']]);
  });
});
