import { expect, test } from 'vitest';
import type { EmailAddress } from '../domain/address.ts';
import type { Draft } from '../render/rendered.ts';
import type { MessageRecord } from '../store/message-record.ts';
import { toOutgoing } from './to-outgoing.ts';

const message = {
  id: 'msg_1',
  type: 'note',
  to: 'jo@example.com',
  // As the event gave it.
  name: 'see https://evil.test/x',
} as unknown as MessageRecord;
const senders = {
  mailFrom: { name: 'Desk', address: 'desk@example.com' as EmailAddress },
  smsFrom: '+15555550100',
};
const draft: Draft = { channel: 'email', subject: 's', html: 'h', text: 't' };

test.each([
  ['Jo', { address: 'jo@example.com', name: 'Jo' }],
  [undefined, { address: 'jo@example.com' }],
])('the To field has the name that the renderer lets through, and no other: %j', (name, to) => {
  const given = name === undefined ? draft : { ...draft, name };
  expect(toOutgoing(message, given, senders)).toMatchObject({ channel: 'email', to });
  expect(JSON.stringify(toOutgoing(message, given, senders))).not.toContain('evil');
});
