import type { Addresses, Channel } from './channel.ts';

/**
 * One event as the service understands it, whatever shape it came in (flat, envelope, CloudEvents).
 * It is what the fingerprint is taken of: two posts with the same meaning have the same `IncomingEvent`.
 */
export interface IncomingEvent {
  /** Key of the template catalog, for example `deadline_approaching`. */
  readonly type: string;
  /** The producer's own name for itself (`source` of CloudEvents or of the envelope). */
  readonly source?: string;
  /** When the producer says that it happened; ISO 8601. */
  readonly time?: string;
  readonly recipient?: InlineRecipient;
  /** Channels that the caller asks for; absent means all that the catalog offers. */
  readonly channels?: readonly Channel[];
  readonly data: Readonly<Record<string, unknown>>;
  /** Not before this instant (epoch ms). */
  readonly sendAt?: number;
  /** Never after this instant (epoch ms). */
  readonly notAfter?: number;
}

/** A recipient given in the event itself. At least one address is present. */
export interface InlineRecipient extends Addresses {
  readonly name?: string;
  /** BCP 47 language tag. */
  readonly locale?: string;
  /** IANA zone name. */
  readonly timeZone?: string;
}

/**
 * The event's own life:
 *
 * ```
 * accepted ─▶ planned      its messages exist, each with a life of its own
 *    │  ├──▶ expired      its not_after passed before it could be planned
 *    │  └──▶ dead         nobody can be written to: the reason says why; a replay makes it accepted again
 *    │        └─▶ rejected     a person discarded it
 * quarantined ─▶ accepted | rejected        judged when keys return (IDN-4)
 * ```
 */
export const eventStates = ['accepted', 'quarantined', 'planned', 'dead', 'rejected', 'expired'] as const;
export type EventState = (typeof eventStates)[number];

/** Fields of a flat event (`{type, idempotency_key, …data}`) that are the event's own and never data. */
export const flatEventFields = [
  'type',
  'idempotency_key',
  'source',
  'recipient',
  'channels',
  'send_at',
  'not_after',
] as const;
