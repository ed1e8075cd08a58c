import { expect, test } from 'vitest';
import type { EmailAddress, PhoneNumber } from '../domain/address.ts';
import { redactReply } from './redact-reply.ts';

const mail = {
  channel: 'email' as const,
  to: 'jo.smith@example.com' as EmailAddress,
  name: 'Jo Smith',
  data: { school: 'Rivière (Nord)', lines: [{ note: 'owes 12.50', city: 'Ulm', no: 7 }] },
};
const text = { ...mail, channel: 'sms' as const, to: '+15555550123' as PhoneNumber };

test.each([
  [mail, '550 5.1.1 <jo.smith@example.com>: no such user', '550 5.1.1 <[…]>: no such user'],
  [mail, '550 user jo.smith unknown here', '550 user […] unknown here'],
  [mail, '554 "Dear Jo Smith, you owe" looks like spam', '554 "Dear […], you owe" looks like spam'],
  [mail, '554 for SMITH only', '554 for […] only'],
  [mail, 'the text "Rivière (Nord)" is not allowed', 'the text "[…]" is not allowed'],
  [mail, 'bad: Rivi%C3%A8re%20(Nord)', 'bad: […]'],
  [mail, 'owes 12.50 in Ulm', '[…] in […]'],
  [mail, 'To=x&Body=for+Rivi%C3%A8re+%28Nord%29+now', 'To=x&Body=for+[…]+now'],
  [mail, '"… Rivière …" was cut', '"… […] …" was cut'],
  [mail, '250 Ulmer smithy joined', '250 Ulmer smithy joined'],
  [text, "21211 The 'To' number 15555550123 is not valid", "21211 The 'To' number […] is not valid"],
  [text, 'To=%2B15555550123', 'To=[…]'],
  [{ ...mail, to: 'p-1+a/b@example.com' as EmailAddress }, 'no p-1+a/b here', 'no […] here'],
  [{ ...mail, to: 'p-1+a@example.com' as EmailAddress }, '550 p-1a@example.com is gone', '550 […] is gone'],
  [text, '421 4.7.0 try again later', '421 4.7.0 try again later'],
])('of %j: %s', (message, reply, shown) => {
  expect(redactReply(reply, message)).toBe(shown);
});

test('data of any size and kind costs bounded work', () => {
  const data = { many: Array.from({ length: 20_000 }, (_, at) => `word ${at} \ud800 (`) };
  const begun = performance.now();
  expect(redactReply('550 word 3 '.repeat(50), { ...mail, data })).toContain('550');
  expect(performance.now() - begun).toBeLessThan(1_000);
});
