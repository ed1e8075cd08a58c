import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEventId, parseMessageId, shardOf, toEventId, toMessageId } from './ids.ts';

test('an id says its shard and its kind, and is found again from its text', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.stringMatching(/^[0-9a-z]{24}$/), (shard, rest) => {
      const event = toEventId(shard, rest);
      const message = toMessageId(shard, rest);
      expect([shardOf(event), shardOf(message)]).toEqual([shard, shard]);
      expect([parseEventId(event), parseMessageId(message)]).toEqual([event, message]);
      expect([parseEventId(message), parseMessageId(event)]).toEqual([undefined, undefined]);
    }),
  );
});

test.each([
  '',
  'diagnostics',
  'msg_',
  `msg_00${'a'.repeat(23)}`,
  `msg_00${'a'.repeat(25)}`,
  `msg_0g${'a'.repeat(24)}`,
  `msg_00${'A'.repeat(24)}`,
  `msg_00${'a'.repeat(24)}\n`,
])('%j is no message id', (text) => {
  expect(parseMessageId(text)).toBeUndefined();
});
