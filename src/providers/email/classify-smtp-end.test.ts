import { describe, expect, test } from 'vitest';
import type { AttemptPhase } from '../../domain/outcome.ts';
import { classifySmtpEnd } from './judge-smtp-reply.ts';

const ownId = '<msg_00@mail.example.com>';

describe('a reply of the server decides, whatever the phase', () => {
  test.each([
    // command, reply, kind, code
    ['MAIL FROM', '421 4.3.2 shutting down', 'slow-down', '421 4.3.2'],
    ['MAIL FROM', '421 closing', 'slow-down', '421'],
    ['MAIL FROM', '450 4.7.1 too many messages', 'slow-down', '450 4.7.1'],
    ['MAIL FROM', '451 4.7.500 Server busy', 'slow-down', '451 4.7.500'],
    ['MAIL FROM', '452 4.3.1 insufficient storage', 'not-sent', '452 4.3.1'],
    ['MAIL FROM', '454 Throttling failure: Maximum sending rate exceeded.', 'slow-down', '454'],
    [
      'RCPT TO',
      '450 4.2.0 <jo@example.com>: Recipient address rejected: Greylisted',
      'deferred',
      '450 4.2.0',
    ],
    ['RCPT TO', '451 4.7.1 Greylisting in action, please come back later', 'deferred', '451 4.7.1'],
    ['RCPT TO', '452 4.2.2 mailbox full', 'deferred', '452 4.2.2'],
    ['RCPT TO', '550 5.7.1 relaying denied', 'account-fault', '550 5.7.1'],
    ['RCPT TO', '552 5.2.2 mailbox full', 'refused', '552 5.2.2'],
    ['DATA', '554 5.6.0 message content rejected', 'refused', '554 5.6.0'],
    ['DATA', '451 4.3.0 queue file write error', 'not-sent', '451 4.3.0'],
    ['MAIL FROM', '503 5.5.1 bad sequence of commands', 'not-sent', 'bad-sequence'],
    ['MAIL FROM', '530 5.7.0 authentication required', 'account-fault', 'unauthorized'],
    ['MAIL FROM', '535 5.7.8 credentials invalid', 'account-fault', 'unauthorized'],
  ])('%s answered by "%s" is %s', (command, reply, kind, code) => {
    for (const phase of ['envelope', 'answer'] as const) {
      const outcome = classifySmtpEnd(
        { kind: 'failed', phase, failure: { message: 'x', command, reply } },
        ownId,
      );
      expect(outcome).toMatchObject({ kind, code });
    }
  });
});

describe('a recipient is gone only by a reply to RCPT that says so', () => {
  test.each([
    ['RCPT TO', '550 5.1.1 <jo@example.com>: Recipient address rejected: User unknown', true],
    ['RCPT TO', '550 5.1.10 recipient not found', true],
    ['RCPT TO', '550 5.2.1 mailbox disabled', true],
    ['RCPT TO', '550 No such user here', true],
    ['RCPT TO', '550-Requested action not taken:\n550 mailbox unavailable', true],
    ['RCPT TO', '550 5.7.1 user unknown to our policy', false],
    ['RCPT TO', '550 blocked by our list', false],
    ['RCPT TO', '554 5.1.1 null', true],
    ['RCPT TO', '552 5.2.2 mailbox full', false],
    ['MAIL FROM', '550 5.1.1 no such thing', false],
    ['DATA', '550 5.1.1 user unknown', false],
  ])('%s answered by "%s": %s', (command, reply, recipientGone) => {
    const outcome = classifySmtpEnd(
      { kind: 'failed', phase: 'envelope', failure: { message: 'x', command, reply } },
      ownId,
    );
    expect(outcome).toMatchObject({ kind: 'refused', recipientGone });
  });
});

describe('without a reply only the phase decides', () => {
  test.each([
    ['connect', 'not-sent'],
    ['envelope', 'not-sent'],
    ['body', 'unknown'],
    ['answer', 'unknown'],
  ] satisfies [AttemptPhase, string][])('lost in phase %s is %s', (phase, kind) => {
    // The library says "CONN" even after the whole message left.
    const failure = { message: 'Connection closed unexpectedly', command: 'CONN' };
    expect(classifySmtpEnd({ kind: 'failed', phase, failure }, ownId).kind).toBe(kind);
  });

  test.each(['hello', '250 half', '354 go on', ''])(
    '"%s" is no negative answer, so the end stays unknown',
    (reply) => {
      const outcome = classifySmtpEnd(
        { kind: 'failed', phase: 'answer', failure: { message: 'x', reply } },
        ownId,
      );
      expect(outcome.kind).toBe('unknown');
    },
  );
});

describe('a taken message', () => {
  test.each([
    ['250 2.0.0 Ok: queued as 4F2A91C0', '4F2A91C0'],
    ['250 OK id=1rXyZ2-0001', '1rXyZ2-0001'],
    ['250 Ok 0102018f-abcd-000000', '0102018f-abcd-000000'],
    ['250 Ok thanks', ownId],
    ['250 thanks', ownId],
  ])('"%s" gives the reference %s', (reply, providerRef) => {
    expect(classifySmtpEnd({ kind: 'taken', reply }, ownId)).toMatchObject({ kind: 'accepted', providerRef });
  });
});

test('no address that a server quotes gets into an outcome', () => {
  const reply = '550 5.1.1 <jo.smith@example.com>: unknown\r\nto: jo.smith@example.com';
  const outcome = classifySmtpEnd(
    { kind: 'failed', phase: 'envelope', failure: { message: 'x', reply } },
    ownId,
  );
  expect(JSON.stringify(outcome)).not.toContain('jo.smith');
  expect(outcome).toMatchObject({ detail: expect.stringContaining('j***@example.com') });
});
