import type { Channel } from '../domain/channel.ts';
import type { ClientId, EventId, MessageId } from '../domain/ids.ts';
import { shardOf } from '../domain/ids.ts';
import type { MessageGroup } from '../domain/message.ts';
import type { AuditKey } from './audit-key.ts';

/**
 * Every key name in one place. All keys of a shard carry its hash tag (`{s00}`), BullMQ's own included, so one
 * script may touch any of them on a single Redis and on a cluster alike.
 */
export interface ShardKeys {
  /** What BullMQ puts before its own key names. */
  readonly queuePrefix: string;
  /** Marks an initialised store: `{shards, createdAt}`. */
  readonly store: string;
  readonly gate: string;
  readonly audit: string;
  /** Seals the lines of `audit`; absent where the secret is not at hand. */
  readonly auditKey: AuditKey | undefined;
  readonly inflight: string;
  readonly eventsOpen: string;
  readonly eventsPlanned: string;
  readonly eventsDead: string;
  /** What this program cannot read, put aside by when. */
  readonly eventsParked: string;
  readonly eventsQuarantined: string;
  /** Bytes that the quarantined events take. */
  readonly quarantineBytes: string;
  readonly messagesOpen: string;
  /** What has ended for good, by when; kept as long as the records. */
  readonly messagesEnded: string;
  readonly messagesHeld: string;
  readonly messagesDead: string;
  readonly messagesParked: string;
  readonly messagesUnknown: string;
  readonly messageCounts: string;
  readonly suppressions: string;
  readonly decisions: string;
  /** What each sender knows of its providers, by its name (hash). It lies on shard 0 alone. */
  readonly senders: string;
  /** When somebody last asked how the providers are, and what the senders found (hash). On shard 0 alone. */
  readonly providersAsked: string;
  readonly providerHealth: string;
  /** Counts of the whole fleet in the ten seconds that begin at `startMs` (hash). They lie on shard 0 alone. */
  readonly figures: (startMs: number) => string;
  /** The part of each client in them: `<figure> <client>` (hash). They lie on shard 0 alone. */
  readonly clientCounters: (startMs: number) => string;
  /** Five-minute slots of one UTC day, for the budgets (hash). */
  readonly slots: (day: string) => string;
  /** What the guard keeps between two judgements (hash). */
  readonly guard: string;
  /** Ids of incidents by when they were opened (zset). */
  readonly incidents: string;
  readonly incident: (id: string) => string;
  readonly lease: (name: string) => string;
  /** How the proof of life stands (hash). It lies on shard 0 alone. */
  readonly proof: string;
  /** Status notes by id, and when each version was first run (hashes). They lie on shard 0 alone. */
  readonly statusNotes: string;
  readonly releases: string;
  /** What was rehearsed when (hash); that production is live; lines of the production guard that processes fail (hash). On shard 0 alone. */
  readonly rehearsals: string;
  readonly live: string;
  readonly guardReports: string;
  readonly quarantineSource: (hash: string) => string;
  readonly event: (id: EventId) => string;
  /** What is left of a client's allowance of requests. */
  readonly allowance: (client: ClientId) => string;
  readonly idempotency: (hash: string) => string;
  /** Every message to one address, by when its record goes (`recipient-messages.lua`). */
  readonly messagesTo: (addressHash: string) => string;
  readonly message: (id: MessageId) => string;
  readonly suppression: (channel: Channel, addressHash: string) => string;
  readonly recipient: (addressHash: string) => string;
  readonly provider: (name: string) => string;
  readonly window: (name: string) => string;
  readonly cap: (name: string) => string;
}

/** The index of each group of messages. */
export const messageIndexes = {
  open: 'messagesOpen',
  held: 'messagesHeld',
  unknown: 'messagesUnknown',
  dead: 'messagesDead',
  ended: 'messagesEnded',
} as const satisfies Readonly<Record<MessageGroup, keyof ShardKeys>>;

export interface Keys {
  readonly prefix: string;
  readonly shards: number;
  readonly shard: (shard: number) => ShardKeys;
  readonly of: (id: EventId | MessageId) => ShardKeys;
  /** Pub/sub channel of the stop hint. */
  readonly gateHint: string;
}

/** Builds the key names for `shards` shards below `prefix` (for example `acc`), with what seals the audit of this store. */
export function createKeys(prefix: string, shards: number, auditKey?: AuditKey): Keys {
  const all = Array.from({ length: shards }, (_, shard) => createShardKeys(prefix, shard, auditKey));
  const shard = (number: number): ShardKeys => {
    const keys = all[number];
    if (keys === undefined) throw new RangeError(`shard ${number} does not exist: the store has ${shards}`);
    return keys;
  };
  return { prefix, shards, shard, of: (id) => shard(shardOf(id)), gateHint: `${prefix}:gate-hint` };
}

function createShardKeys(prefix: string, shard: number, auditKey: AuditKey | undefined): ShardKeys {
  const root = `${prefix}:{s${shard.toString(16).padStart(2, '0')}}`;
  return {
    queuePrefix: root,
    store: `${root}:store`,
    gate: `${root}:gate`,
    audit: `${root}:audit`,
    auditKey,
    inflight: `${root}:inflight`,
    eventsOpen: `${root}:events-open`,
    eventsPlanned: `${root}:events-planned`,
    eventsDead: `${root}:events-dead`,
    eventsParked: `${root}:events-parked`,
    eventsQuarantined: `${root}:events-quarantined`,
    quarantineBytes: `${root}:quarantine-bytes`,
    messagesOpen: `${root}:messages-open`,
    messagesEnded: `${root}:messages-ended`,
    messagesHeld: `${root}:messages-held`,
    messagesDead: `${root}:messages-dead`,
    messagesParked: `${root}:messages-parked`,
    messagesUnknown: `${root}:messages-unknown`,
    messageCounts: `${root}:message-counts`,
    suppressions: `${root}:suppressions`,
    decisions: `${root}:decisions`,
    senders: `${root}:senders`,
    providersAsked: `${root}:providers-asked`,
    providerHealth: `${root}:provider-health`,
    figures: (startMs) => `${root}:figures:${startMs}`,
    clientCounters: (startMs) => `${root}:client-figures:${startMs}`,
    slots: (day) => `${root}:slots:${day}`,
    guard: `${root}:guard`,
    incidents: `${root}:incidents`,
    incident: (id) => `${root}:incident:${id}`,
    lease: (name) => `${root}:lease:${name}`,
    proof: `${root}:proof`,
    statusNotes: `${root}:status-notes`,
    releases: `${root}:releases`,
    rehearsals: `${root}:rehearsals`,
    live: `${root}:live`,
    guardReports: `${root}:guard-reports`,
    quarantineSource: (hash) => `${root}:quarantine-source:${hash}`,
    event: (id) => `${root}:event:${id}`,
    allowance: (client) => `${root}:allowance:${client}`,
    idempotency: (hash) => `${root}:idem:${hash}`,
    messagesTo: (addressHash) => `${root}:messages-to:${addressHash}`,
    message: (id) => `${root}:message:${id}`,
    suppression: (channel, addressHash) => `${root}:suppression:${channel}:${addressHash}`,
    recipient: (addressHash) => `${root}:recipient:${addressHash}`,
    provider: (name) => `${root}:provider:${name}`,
    window: (name) => `${root}:window:${name}`,
    cap: (name) => `${root}:cap:${name}`,
  };
}
