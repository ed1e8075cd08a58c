import {
  type EmailAddress,
  type PhoneNumber,
  parseEmailAddress,
  parsePhoneNumber,
} from '../../src/domain/address.ts';
import { toMessageId } from '../../src/domain/ids.ts';
import type { Fence, OutgoingEmail, OutgoingSms } from '../../src/providers/provider.ts';

/** A good email to `jo@example.com`; every part can be replaced. */
export function anEmail(parts: Partial<OutgoingEmail> = {}): OutgoingEmail {
  return {
    channel: 'email',
    id: toMessageId(0, 'a'.repeat(24)),
    messageIdHeader: '<msg_00aaaaaaaaaaaaaaaaaaaaaaaa@mail.example.com>',
    from: { name: 'Scholar Desk', address: anEmailAddress('hello@example.com') },
    to: { name: 'Jo', address: anEmailAddress('jo@example.com') },
    subject: 'A deadline is near',
    html: '<p>Hello Jo</p>',
    text: 'Hello Jo',
    headers: {},
    ...parts,
  };
}

/** A good text to `+15555550123`; every part can be replaced. */
export function anSms(parts: Partial<OutgoingSms> = {}): OutgoingSms {
  return {
    channel: 'sms',
    id: toMessageId(0, 'b'.repeat(24)),
    from: '+15555550100',
    to: aPhoneNumber('+15555550123'),
    body: 'A deadline is near',
    ...parts,
  };
}

export function anEmailAddress(text: string): EmailAddress {
  const parsed = parseEmailAddress(text);
  if (!parsed.ok) throw new Error(`not an address: ${parsed.error}`);
  return parsed.value;
}

export function aPhoneNumber(text: string): PhoneNumber {
  const parsed = parsePhoneNumber(text);
  if (!parsed.ok) throw new Error(`not a number: ${parsed.error}`);
  return parsed.value;
}

/** A fence that records when it was asked, and refuses at `refuseAt`. */
export class NotingFence implements Fence {
  readonly asked: { readonly step: 'envelope' | 'body'; readonly atMs: number }[] = [];
  readonly stop = new AbortController();
  readonly #refuseAt: 'envelope' | 'body' | undefined;

  constructor(refuseAt?: 'envelope' | 'body') {
    this.#refuseAt = refuseAt;
  }

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  mayWrite(step: 'envelope' | 'body'): boolean {
    this.asked.push({ step, atMs: performance.now() });
    return step !== this.#refuseAt;
  }
}
