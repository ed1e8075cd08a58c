import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSmtpReader, type MailSink, startMailSink } from './mail-sink.ts';

let sink: MailSink;
beforeEach(async () => {
  sink = await startMailSink();
});
afterEach(async () => {
  await sink.stop();
});

function openPool() {
  return createTransport({ url: sink.url, pool: true, maxConnections: 3 } as { url: string; pool: true });
}

test('every mail of a pool is counted once, with its recipient, however long it is', async () => {
  const pool = openPool();
  const text = `a line\r\n.\r\nnot the end\r\n${'long '.repeat(40_000)}`;
  const names = Array.from({ length: 9 }, (_, index) => `n${index}@example.com`);
  await Promise.all(names.map((to) => pool.sendMail({ from: 'a@example.com', to, subject: 's', text })));
  pool.close();
  expect(sink.mails.map(({ to }) => to).toSorted()).toEqual(names);
});

test('a server that takes its time answers that much later', async () => {
  const pool = openPool();
  sink.setAcceptMs(80);
  await pool.sendMail({ from: 'a@example.com', to: 'b@example.com', text: 't' });
  const answeredAt = performance.now();
  pool.close();
  expect(answeredAt - (sink.mails[0]?.atMs ?? Number.NaN)).toBeGreaterThan(70);
});

test('what was forgotten is not waited for again', async () => {
  const pool = openPool();
  await pool.sendMail({ from: 'a@example.com', to: 'b@example.com', text: 't' });
  sink.clear();
  expect(sink.mails).toEqual([]);
  await pool.sendMail({ from: 'a@example.com', to: 'c@example.com', text: 't' });
  await sink.waitForMails(1);
  pool.close();
  expect(sink.mails.map(({ to }) => to)).toEqual(['c@example.com']);
});

test('wherever the bytes are cut, commands and the end of a message are found', () => {
  const bytes = Buffer.from('MAIL FROM:<a@b>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n');
  for (let first = 1; first < bytes.length; first += 1) {
    for (let second = first; second < bytes.length; second += 1) {
      const seen: string[] = [];
      const read = createSmtpReader({
        onCommand: (line) => seen.push(line),
        onMessage: () => seen.push('(message)'),
      });
      for (const piece of [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)])
        read(piece);
      expect(seen).toEqual(['MAIL FROM:<a@b>', 'DATA', '(message)', 'QUIT']);
    }
  }
});
