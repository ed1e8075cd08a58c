import type { Channel } from '../domain/channel.ts';

/** What a template makes of an event for one person, on one channel: the draft of a message. */
export type Draft<C extends Channel = Channel> = Drafts[C];

interface Drafts {
  readonly email: EmailDraft;
  readonly sms: SmsDraft;
}

export interface EmailDraft {
  readonly channel: 'email';
  /** Of the recipient, as it may be printed: for the To field. */
  readonly name?: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

export interface SmsDraft {
  readonly channel: 'sms';
  readonly body: string;
  readonly encoding: 'GSM-7' | 'UCS-2';
  readonly segments: number;
}

/** How many segments the network bills a draft as; undefined where it does not count in segments. */
export function segmentsOf(draft: Draft): number | undefined {
  switch (draft.channel) {
    case 'email':
      return undefined;
    case 'sms':
      return draft.segments;
    default:
      return draft satisfies never;
  }
}

export interface RenderRequest {
  readonly template: string;
  readonly channel: Channel;
  /** BCP 47 tag of the recipient; falls back to the language alone, then to the template's default. */
  readonly locale: string;
  /** IANA zone of the recipient. */
  readonly timeZone: string;
  /** The event's data, already checked against the template's schema. Plain own properties only. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly recipient: { readonly name?: string };
}

/** A draft could not be made: an error of template or data, never repaired by a retry. */
export class RenderError extends Error {
  override readonly name = 'RenderError';
}
