import type { Addresses, Channel } from './channel.ts';

/** A person who may be written to, as the event or the directory described them. */
export interface Recipient extends Addresses {
  /** The directory's id, when the person was looked up. */
  readonly id?: string;
  readonly name?: string;
  /** BCP 47 language tag; templates fall back from `fr-CA` to `fr` to the default. */
  readonly locale: string;
  /** IANA zone name, for dates and quiet hours. */
  readonly timeZone: string;
}

/** For a person of whom nothing else is known. */
export const recipientDefaults = { locale: 'en', timeZone: 'UTC' } as const;

/** Why a channel was left out. Never holds the address. */
export interface AddressRemark {
  readonly channel: Channel;
  readonly detail: string;
}

/** The three different ends of a look-up that finds nobody (PLN-2), and the good one. */
export type DirectoryResult =
  | {
      readonly kind: 'found';
      readonly recipient: Recipient;
      /** Addresses that the directory has and that cannot be used; the others are good. */
      readonly remarks?: readonly AddressRemark[];
    }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };
