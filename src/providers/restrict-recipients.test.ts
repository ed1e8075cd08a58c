import { describe, expect, test } from 'vitest';
import {
  anEmail,
  anEmailAddress,
  anSms,
  aPhoneNumber,
  NotingFence,
} from '../../test/support/outgoing-messages.ts';
import type { EmailAddress } from '../domain/address.ts';
import type { Channel } from '../domain/channel.ts';
import { parseAllowList, type RecipientPolicy } from '../domain/recipient-policy.ts';
import { createNullProvider } from './null-provider.ts';
import type { OutgoingEmail, OutgoingMessage, OutgoingSms, Provider } from './provider.ts';
import { restrictRecipients } from './restrict-recipients.ts';

const never = new AbortController().signal;
const parsed = parseAllowList('@ok.test +15555550100');
const policy: RecipientPolicy = { kind: 'allow-list', entries: parsed.ok ? parsed.entries : [] };

describe('outside production', () => {
  test.each([
    'a@ok.test, b@evil.test',
    'g: b@evil.test;',
    'a@evil.test (c)@ok.test',
    'b@evil.test',
    'a@sub.ok.test',
    'a@ok.test.',
    'a@ok.test\r\nRCPT TO:<b@evil.test>',
    'a@οk.test',
  ])('an email to %j never reaches the provider', async (address) => {
    const { provider, sent } = record<OutgoingEmail>('email');
    const outcome = await send(
      restrictRecipients(provider, policy),
      anEmail({ to: { address: address as EmailAddress } }),
    );
    expect(outcome).toMatchObject({ kind: 'refused', code: 'recipient-not-allowed', recipientGone: false });
    expect(sent).toEqual([]);
  });

  test('a text to a stranger never reaches the provider', async () => {
    const { provider, sent } = record<OutgoingSms>('sms');
    expect(await send(restrictRecipients(provider, policy), anSms())).toMatchObject({
      code: 'recipient-not-allowed',
    });
    expect(sent).toEqual([]);
  });

  test('a message of another channel is not judged by its own address', async () => {
    const { provider, sent } = record<OutgoingMessage>('email');
    const message = anSms({ to: aPhoneNumber('+15555550100') });
    expect(await send(restrictRecipients(provider, policy), message)).toMatchObject({
      code: 'recipient-not-allowed',
    });
    expect(sent).toEqual([]);
  });

  test('an allowed message goes through unchanged', async () => {
    const { provider, sent } = record<OutgoingEmail>('email');
    const message = anEmail({ to: { address: anEmailAddress('jo@ok.test') } });
    expect((await send(restrictRecipients(provider, policy), message)).kind).toBe('accepted');
    expect(sent).toEqual([message]);
  });
});

describe('a redirect', () => {
  const redirect: RecipientPolicy = { kind: 'redirect', email: anEmailAddress('inbox@ours.test') };

  test('sends the email to our own address and tells the first one masked', async () => {
    const { provider, sent } = record<OutgoingEmail>('email');
    await send(restrictRecipients(provider, redirect), anEmail());
    expect(sent).toMatchObject([
      {
        to: { address: 'inbox@ours.test' },
        subject: '[for j***@example.com] A deadline is near',
        headers: { 'X-Original-To': 'j***@example.com' },
      },
    ]);
    expect(JSON.stringify(sent[0]?.to)).not.toContain('Jo');
  });

  test('refuses a channel that has no address of ours', async () => {
    const { provider, sent } = record<OutgoingSms>('sms');
    expect((await send(restrictRecipients(provider, redirect), anSms())).kind).toBe('refused');
    expect(sent).toEqual([]);
  });

  test('sends the text to our own number', async () => {
    const { provider, sent } = record<OutgoingSms>('sms');
    await send(
      restrictRecipients(provider, { kind: 'redirect', phone: aPhoneNumber('+15555550199') }),
      anSms(),
    );
    expect(sent).toMatchObject([{ to: '+15555550199', body: '[for +1555****0123] A deadline is near' }]);
  });
});

async function send<M extends OutgoingMessage>(provider: Provider<M>, message: M) {
  const reservation = await provider.reserve(never);
  const outcome = await reservation.send(message, new NotingFence());
  reservation.release();
  return outcome;
}

/** The null provider, with a note of what reached it. */
function record<M extends OutgoingMessage>(
  channel: M['channel'] & Channel,
): { provider: Provider<M>; sent: M[] } {
  const sent: M[] = [];
  const inner = createNullProvider<M>('null', channel);
  const provider: Provider<M> = {
    ...inner,
    reserve: async (signal) => {
      const reservation = await inner.reserve(signal);
      return {
        send: (message, fence) => {
          sent.push(message);
          return reservation.send(message, fence);
        },
        release: () => reservation.release(),
      };
    },
  };
  return { provider, sent };
}
