import type { EmailAddress, PhoneNumber } from '../domain/address.ts';
import type { Channel } from '../domain/channel.ts';
import type { MessageId } from '../domain/ids.ts';
import type { AttemptOutcome } from '../domain/outcome.ts';

/**
 * The port that every provider adapter implements. The order of use is fixed, and it is what makes a stop
 * exact: *reserve* a free connection, then ask the gate for a permit, then *send* at once. Nothing may queue
 * between the permit and the socket, so an adapter never has more sends under way than reservations handed out,
 * and never retries on its own.
 */
export interface Provider<M extends OutgoingMessage = OutgoingMessage> {
  /** Unique name, used in metrics, records and configuration: `smtp-primary`, `twilio`. */
  readonly name: string;
  readonly channel: M['channel'];
  /**
   * Waits for a free slot with a live connection (where the protocol has connections).
   * Rejects with a `ProviderUnavailable` when none can be had before `signal` aborts or the connect time-out ends.
   * Every reservation is released, also one that was never used.
   */
  reserve(signal: AbortSignal): Promise<Reservation<M>>;
  /** Checks the provider without sending anything (SMTP: connect, TLS, login, one round trip; HTTP API: account ping). */
  checkHealth(signal: AbortSignal): Promise<ProviderHealth>;
  /** Ends all connections; attempts still under way get `deadlineMs` to finish. */
  close(deadlineMs: number): Promise<void>;
}

/** A reserved slot. Used for one send at most, and always given back with `release`. */
export interface Reservation<M extends OutgoingMessage = OutgoingMessage> {
  /** Sends once and resolves to how it ended. Never rejects: every failure is an outcome. */
  send(message: M, fence: Fence): Promise<AttemptOutcome>;
  release(): void;
}

/**
 * Asked synchronously right before bytes are written. `false` means stop here: the adapter writes nothing more
 * of this message, closes what it must and returns `aborted`.
 */
export interface Fence {
  mayWrite(step: 'envelope' | 'body'): boolean;
  /** Aborts when a stop arrives while the attempt is still before its body; adapters give up early on it. */
  readonly signal: AbortSignal;
}

export type OutgoingMessage<C extends Channel = Channel> = OutgoingMessages[C];

interface OutgoingMessages {
  readonly email: OutgoingEmail;
  readonly sms: OutgoingSms;
}

export interface OutgoingEmail {
  readonly channel: 'email';
  readonly id: MessageId;
  /** Stable over all attempts of this message: `<id@domain>`. */
  readonly messageIdHeader: string;
  readonly from: { readonly name: string; readonly address: EmailAddress };
  readonly replyTo?: EmailAddress;
  readonly to: { readonly name?: string; readonly address: EmailAddress };
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface OutgoingSms {
  readonly channel: 'sms';
  readonly id: MessageId;
  /** Sender: a number in E.164 or an alphanumeric sender id. */
  readonly from: string;
  readonly to: PhoneNumber;
  readonly body: string;
}

export interface ProviderHealth {
  readonly provider: string;
  readonly channel: Channel;
  readonly ok: boolean;
  /** `unauthorized` is wrong credentials, not an outage. */
  readonly status: 'ok' | 'unreachable' | 'unauthorized' | 'error';
  readonly latencyMs: number;
  readonly detail: string;
}

/** No slot or no connection: not sent for sure. */
export class ProviderUnavailable extends Error {
  readonly code: string;
  constructor(code: string, detail: string, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = 'ProviderUnavailable';
    this.code = code;
  }
}
