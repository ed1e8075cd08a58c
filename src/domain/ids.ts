/**
 * Ids of events, messages, clients and claims. Every id is a branded string: an `EventId` cannot be
 * handed to something that wants a `MessageId`. Ids carry their shard (`evt_00…`), so a record is found
 * from its id alone, on one Redis or on a cluster.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type EventId = Branded<'EventId'>;
export type MessageId = Branded<'MessageId'>;
/** The authenticated caller: `client_id`, else `azp`, else `sub` of its token. */
export type ClientId = Branded<'ClientId'>;
/** Proof that a worker owns an attempt: unique per claim, compared by every script that ends the attempt. */
export type OwnerId = Branded<'OwnerId'>;

const eventIdPattern = /^evt_[0-9a-f]{2}[0-9a-z]{24}$/;
const messageIdPattern = /^msg_[0-9a-f]{2}[0-9a-z]{24}$/;

/** The event id in `text`, or `undefined` when it is not one. */
export function parseEventId(text: string): EventId | undefined {
  return eventIdPattern.test(text) ? (text as EventId) : undefined;
}

/** The message id in `text`, or `undefined` when it is not one. */
export function parseMessageId(text: string): MessageId | undefined {
  return messageIdPattern.test(text) ? (text as MessageId) : undefined;
}

/** Builds an event id from its shard and 24 characters of `[0-9a-z]`. */
export function toEventId(shard: number, rest: string): EventId {
  return build('evt', shard, rest) as EventId;
}

/** Builds a message id from its shard and 24 characters of `[0-9a-z]`. */
export function toMessageId(shard: number, rest: string): MessageId {
  return build('msg', shard, rest) as MessageId;
}

/** The shard (0-255) that an id of ours names. */
export function shardOf(id: EventId | MessageId): number {
  return Number.parseInt(id.slice(4, 6), 16);
}

function build(kind: string, shard: number, rest: string): string {
  return `${kind}_${shard.toString(16).padStart(2, '0')}${rest}`;
}
