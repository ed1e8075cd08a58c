import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanReply } from './clean-reply.ts';

test.each([
  ['550 5.1.1 <jo@example.com>: unknown', '550 5.1.1 <j***@example.com>: unknown'],
  ["The 'To' number +15555550123 is not valid", "The 'To' number +1555****0123 is not valid"],
  ['to 15555550123 failed', 'to +1555****0123 failed'],
  ['line one\r\nline two\u2028\u0000end', 'line one line two end'],
])('%j becomes %j', (reply, cleaned) => {
  expect(cleanReply(reply)).toBe(cleaned);
});

test('is one short line without control characters, whatever the provider says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), (reply) => {
      expect(cleanReply(reply)).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]{0,300}$/u);
    }),
  );
});
