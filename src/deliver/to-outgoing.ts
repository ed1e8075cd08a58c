import { domainOf, type EmailAddress, type PhoneNumber } from '../domain/address.ts';
import type { OutgoingMessage } from '../providers/provider.ts';
import type { Draft } from '../render/rendered.ts';
import type { MessageRecord } from '../store/message-record.ts';

/** Who the messages come from. */
export interface Senders {
  readonly mailFrom: { readonly name: string; readonly address: EmailAddress };
  readonly mailReplyTo?: EmailAddress;
  readonly smsFrom: string;
}

/**
 * A message with its draft, ready for a provider. The Message-ID comes from the message's own id, so it is the
 * same on every attempt and copies can be recognised as copies.
 */
export function toOutgoing(message: MessageRecord, draft: Draft, senders: Senders): OutgoingMessage {
  switch (draft.channel) {
    case 'email':
      return {
        channel: 'email',
        id: message.id,
        messageIdHeader: `<${message.id}@${domainOf(senders.mailFrom.address)}>`,
        from: senders.mailFrom,
        ...(senders.mailReplyTo === undefined ? {} : { replyTo: senders.mailReplyTo }),
        to: {
          address: message.to as EmailAddress,
          ...(draft.name === undefined ? {} : { name: draft.name }),
        },
        subject: draft.subject,
        html: draft.html,
        text: draft.text,
        headers: { 'X-Message-Type': message.type },
      };
    case 'sms':
      return {
        channel: 'sms',
        id: message.id,
        from: senders.smsFrom,
        to: message.to as PhoneNumber,
        body: draft.body,
      };
    default:
      return draft satisfies never;
  }
}
