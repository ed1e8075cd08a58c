import { get } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createBoundedList } from './bounded-list.ts';
import type { Mail } from './inbox.ts';
import { type SentPage, startSentPage } from './sent-page.ts';
import type { SmsMessage } from './sms-catcher.ts';

const mails = createBoundedList<Mail>(10);
const texts = createBoundedList<SmsMessage>(10);
let page: SentPage;
beforeAll(async () => {
  page = await startSentPage({ port: 0, mails, texts });
});
beforeEach(() => {
  mails.clear();
  texts.clear();
});
afterAll(() => page.stop());

const mail: Omit<Mail, 'number'> = {
  receivedAt: '2026-01-02T03:04:05.000Z',
  envelope: { from: 'hello@example.com', to: ['amara@example.com'] },
  from: 'Scholar Desk <hello@example.com>',
  to: ['amara@example.com'],
  subject: 'Your deadline',
  messageId: '<one@example.com>',
  html: '<!doctype html><html><head><title>x</title></head><body><script>alert(1)</script>Hello</body></html>',
  text: 'Hello\n\nAmara',
  headers: [{ name: 'Subject', value: 'Your deadline' }],
  attachments: [],
  source: 'Subject: Your deadline\r\n\r\nHello',
};

describe('the JSON', () => {
  test('lists mails without their bodies, and gives one whole', async () => {
    const { number } = mails.add(mail);
    const list = await readJson('/api/messages');
    expect(list).toEqual({
      messages: [expect.objectContaining({ number, subject: 'Your deadline', preview: 'Hello Amara' })],
    });
    expect(JSON.stringify(list)).not.toContain('alert(1)');
    expect(await readJson(`/api/messages/${number}`)).toEqual({ ...mail, number });
  });

  test('lists texts with what they cost', async () => {
    texts.add({
      receivedAt: mail.receivedAt,
      sid: 'SM1',
      to: '+15555550101',
      from: '+15555550100',
      body: 'Grüße 🎓',
    });
    expect(await readJson('/api/texts')).toEqual({
      texts: [expect.objectContaining({ body: 'Grüße 🎓', segments: 1, encoding: 'UCS-2' })],
    });
  });

  test('empties each list by itself', async () => {
    mails.add(mail);
    texts.add({
      receivedAt: mail.receivedAt,
      sid: 'SM1',
      to: '+15555550101',
      from: '+15555550100',
      body: 'Hi',
    });
    expect((await fetch(`${page.url}/api/messages`, { method: 'DELETE' })).status).toBe(204);
    expect(mails.list()).toEqual([]);
    expect(texts.list()).toHaveLength(1);
  });

  test.each(['/api/messages/99', '/api/messages/99/html', '/api/nothing', '/../package.json'])(
    'has nothing at %s',
    async (path) => {
      expect((await fetch(page.url + path)).status).toBe(404);
    },
  );
});

describe('the HTML of a mail', () => {
  test('can neither run, load, nor post anything, and its links open elsewhere', async () => {
    const { number } = mails.add(mail);
    const response = await fetch(`${page.url}/api/messages/${number}/html`);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^sandbox allow-popups allow-popups-to-escape-sandbox;/);
    expect(policy).not.toContain('allow-scripts');
    expect(policy).not.toContain('allow-same-origin');
    expect(policy).toContain("default-src 'none'");
    expect(await response.text()).toMatch(/^<!doctype html><html><head><base target="_blank">/);
  });
});

test('the page and its parts are served with a policy that lets nothing else in', async () => {
  for (const path of ['/', '/page.css', '/page.js']) {
    const response = await fetch(page.url + path);
    expect(response.status, path).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  }
});

test('a name that a web site points at loopback is not served', async () => {
  const status = await new Promise((resolve, reject) => {
    get(page.url, { headers: { host: 'attacker.test' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
  expect(status).toBe(421);
});

test('a change is told at once to everyone who watches', async () => {
  const gone = new AbortController();
  const response = await fetch(`${page.url}/api/changes`, { signal: gone.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain('event: change');
  mails.add(mail);
  expect((await reader?.read())?.value).toContain('event: change');
  gone.abort();
});

async function readJson(path: string): Promise<unknown> {
  return (await fetch(page.url + path)).json();
}
