import { createTransport } from 'nodemailer';
import { afterEach, expect, test } from 'vitest';
import { createBoundedList } from './bounded-list.ts';
import { type Inbox, startInbox } from './inbox.ts';

const started: Inbox[] = [];
afterEach(async () => {
  for (const inbox of started.splice(0)) await inbox.stop();
});

test('a mail is in the list, parsed, when its sender is told that it was taken', async () => {
  const inbox = await start();
  await send(inbox, {
    subject: 'Your deadline — soon',
    html: '<p>Hello <b>Chloé</b></p>',
    text: 'Hello Chloé',
  });
  expect(inbox.mails.find(1)).toMatchObject({
    number: 1,
    envelope: { from: 'hello@example.com', to: ['chloe@example.com'] },
    from: 'Scholar Desk <hello@example.com>',
    to: ['Chloé <chloe@example.com>'],
    subject: 'Your deadline — soon',
    messageId: '<one@example.com>',
    html: expect.stringContaining('<b>Chloé</b>'),
    text: expect.stringContaining('Hello Chloé'),
    headers: expect.arrayContaining([{ name: 'X-Example', value: 'yes' }]),
    source: expect.stringContaining('Message-ID: <one@example.com>'),
  });
});

test('a sender that logs in is let in, whatever its password', async () => {
  const inbox = await start();
  await send(inbox, { subject: 'with a login' }, { user: 'someone', pass: 'anything' });
  expect(inbox.mails.list()).toHaveLength(1);
});

test('the newest are kept, newest first, and a number is never used twice', async () => {
  const inbox = await start(2);
  for (const subject of ['one', 'two', 'three']) await send(inbox, { subject });
  expect(inbox.mails.list().map((mail) => [mail.number, mail.subject])).toEqual([
    [3, 'three'],
    [2, 'two'],
  ]);
  inbox.mails.clear();
  await send(inbox, { subject: 'four' });
  expect(inbox.mails.list().map((mail) => mail.number)).toEqual([4]);
});

test('a mail beyond 10 MiB is refused and not kept', async () => {
  const inbox = await start();
  await expect(send(inbox, { text: 'x'.repeat(60).concat('\n').repeat(190_000) })).rejects.toMatchObject({
    responseCode: 552,
  });
  expect(inbox.mails.list()).toEqual([]);
});

test('a taken port is a rejection, not a crash', async () => {
  const inbox = await start();
  await expect(startInbox({ port: inbox.port })).rejects.toThrow(/EADDRINUSE/);
});

async function start(mailsMax = 500): Promise<Inbox> {
  const inbox = await startInbox({ port: 0, mails: createBoundedList(mailsMax) });
  started.push(inbox);
  return inbox;
}

async function send(
  inbox: Inbox,
  mail: { subject?: string; html?: string; text?: string },
  auth?: { user: string; pass: string },
): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: inbox.port,
    ...(auth === undefined ? {} : { auth }),
  });
  await transport.sendMail({
    from: 'Scholar Desk <hello@example.com>',
    to: 'Chloé <chloe@example.com>',
    messageId: '<one@example.com>',
    headers: { 'X-Example': 'yes' },
    ...mail,
  });
  transport.close();
}
