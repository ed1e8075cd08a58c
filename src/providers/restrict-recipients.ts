import type { Addresses } from '../domain/channel.ts';
import { maskEmail, maskPhone } from '../domain/mask.ts';
import type { AttemptOutcome } from '../domain/outcome.ts';
import { isRecipientAllowed, type RecipientPolicy } from '../domain/recipient-policy.ts';
import type { OutgoingMessage, Provider } from './provider.ts';

/**
 * The last check before a message leaves (GAT-7): whatever went wrong before, a message whose recipient the policy does not
 * name never reaches the provider. Under `redirect` it goes to our own address instead, with the
 * original recipient named in masked form.
 */
export function restrictRecipients<M extends OutgoingMessage>(
  provider: Provider<M>,
  policy: RecipientPolicy,
): Provider<M> {
  return {
    name: provider.name,
    channel: provider.channel,
    reserve: async (signal) => {
      const reservation = await provider.reserve(signal);
      return {
        send: (message, fence) => {
          // By its own channel: a message of the wrong kind must not be judged as the right one.
          const allowed =
            message.channel === provider.channel &&
            isRecipientAllowed(policy, message.channel, addressOf(message));
          return allowed ? reservation.send(redirect(message, policy), fence) : Promise.resolve(notAllowed);
        },
        release: () => reservation.release(),
      };
    },
    checkHealth: (signal) => provider.checkHealth(signal),
    close: (deadlineMs) => provider.close(deadlineMs),
  };
}

const notAllowed: AttemptOutcome = {
  kind: 'refused',
  code: 'recipient-not-allowed',
  detail: 'the recipient is not on the allow list of this environment',
  recipientGone: false,
};

function addressOf(message: OutgoingMessage): string {
  switch (message.channel) {
    case 'email':
      return message.to.address;
    case 'sms':
      return message.to;
    default:
      return message satisfies never;
  }
}

/** Keeps the message as it is unless the policy names an address of ours for its channel. */
function redirect<M extends OutgoingMessage>(message: M, policy: RecipientPolicy): M {
  return policy.kind === 'redirect' ? { ...message, ...changeRecipient(message, policy) } : message;
}

function changeRecipient(message: OutgoingMessage, { email, phone }: Addresses): Partial<OutgoingMessage> {
  switch (message.channel) {
    case 'email': {
      if (email === undefined) return {};
      const original = maskEmail(message.to.address);
      return {
        to: { address: email },
        subject: `[for ${original}] ${message.subject}`,
        headers: { ...message.headers, 'X-Original-To': original },
      };
    }
    case 'sms':
      return phone === undefined ? {} : { to: phone, body: `[for ${maskPhone(message.to)}] ${message.body}` };
    default:
      return message satisfies never;
  }
}
