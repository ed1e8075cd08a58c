import type { EmailAddress } from '../../domain/address.ts';

/** Where and how to reach one SMTP provider. */
export interface SmtpProviderOptions {
  /** Unique name of the provider: `smtp-primary`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465). */
  readonly secure: boolean;
  /** STARTTLS or nothing: without TLS no login and no mail. */
  readonly requireTls: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
  /** PEM of an authority to trust besides the system's. */
  readonly tlsCa?: string;
  /** Name that we give in EHLO; the machine's own by default. */
  readonly ehloName?: string;
  /** Most connections, and so most sends, at the same time. */
  readonly connectionsMax: number;
  /** For connect, TLS, greeting and login together. */
  readonly connectTimeoutMs: number;
  /**
   * Longest wait in each of the two phases of a send (the envelope; body and final reply), so a send ends within
   * twice this time. RFC 5321 §4.5.3.2 would allow minutes.
   */
  readonly socketTimeoutMs: number;
  /** An idle connection is ended after this long. */
  readonly idleTimeoutMs: number;
  readonly messagesPerConnection: number;
  readonly dkim?: DkimKey;
  /** Return path for bounces; the `from` of the message by default. */
  readonly envelopeFrom?: EmailAddress;
}

/** One RSA key that signs every message (RFC 6376). */
export interface DkimKey {
  readonly domainName: string;
  readonly keySelector: string;
  /** PEM. */
  readonly privateKey: string;
}
