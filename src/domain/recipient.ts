import type { EmailAddress, PhoneNumber } from './address.ts';

/** A person who may be written to, as the event or the directory described them. */
export interface Recipient {
  /** The directory's id, when the person was looked up. */
  readonly id?: string;
  readonly email?: EmailAddress;
  readonly phone?: PhoneNumber;
  readonly name?: string;
  /** BCP 47 language tag; templates fall back from `fr-CA` to `fr` to the default. */
  readonly locale: string;
  /** IANA zone name, for dates and quiet hours. */
  readonly timeZone: string;
}

/** The three different ends of a look-up that finds nobody (PLN-2), and the good one. */
export type DirectoryAnswer =
  | { readonly kind: 'found'; readonly recipient: Recipient }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };
