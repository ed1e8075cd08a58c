import { expect, test } from 'vitest';
import { controlSchema, providersSchema, sendStatusSchema } from './answers.ts';
import { describeSending } from './describe-sending.ts';

const sending = sendStatusSchema.parse({
  sending: true,
  dry_run: false,
  app_mode: 'production',
  epoch: 8,
  inflight: 0,
});
const { providers } = providersSchema.parse({
  providers: [{ provider: 'smtp-1', channel: 'email', ok: false, status: 'unreachable', detail: '' }],
});

function readControl(off: readonly string[]) {
  const names = ['send', 'send:email', 'send:promotional', 'ingest', 'consume', 'consume:sms'];
  const flags = Object.fromEntries(names.map((name) => [name, { value: off.includes(name) ? 'off' : 'on' }]));
  return controlSchema.parse({ sending: true, flags, environment: {}, epoch: 8 });
}

test.each([
  [[], ''],
  [['ingest'], ''],
  [['send:email'], ', but stopped for email'],
  [['send:email', 'send:promotional'], ', but stopped for email, promotional'],
  [['consume'], ', but workers are paused (consume off)'],
  [['send:email', 'consume:sms'], ', but stopped for email; workers are paused (consume:sms off)'],
])('with %j off: SENDING%s', (off, but) => {
  expect(describeSending(sending, readControl(off), [])).toEqual({
    isSending: true,
    headline: 'SENDING',
    but,
  });
});

test('a provider that is away is no matter of a rehearsal, and a stop says only why it stopped', () => {
  const control = readControl(['consume']);
  expect(describeSending(sending, control, providers).but).toBe(
    ', but workers are paused (consume off); nothing leaves by email: smtp-1 unreachable',
  );
  expect(describeSending({ ...sending, sending: false }, control, providers)).toEqual({
    isSending: false,
    headline: 'REHEARSING',
    but: ', but workers are paused (consume off)',
  });
  const stopped = { ...sending, sending: false, reason: 'wrong date' };
  expect(describeSending(stopped, control, providers)).toMatchObject({
    headline: 'NOT SENDING: wrong date',
    but: '',
  });
  expect(describeSending(sending, undefined, []).but).toBe('');
});
