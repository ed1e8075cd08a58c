import type { Redis } from 'ioredis';
import type { Channel } from '../domain/channel.ts';
import { type ClientId, type EventId, type MessageId, shardOf } from '../domain/ids.ts';
import type { MessageGroup } from '../domain/message.ts';
import type { AuditKey } from './audit-key.ts';

/** The index of each group of messages. */
export const messageIndexes = {
  open: 'messagesOpen',
  held: 'messagesHeld',
  unknown: 'messagesUnknown',
  dead: 'messagesDead',
  ended: 'messagesEnded',
} as const satisfies Readonly<Record<MessageGroup, keyof ShardKeys>>;

/** A connection to a store, and the names of its keys. */
export interface Store {
  readonly redis: Redis;
  readonly keys: Keys;
}

export interface Keys {
  readonly prefix: string;
  readonly shards: number;
  readonly shard: (shard: number) => ShardKeys;
  /** Those of every shard, in order. */
  readonly all: readonly ShardKeys[];
  /** Those of shard 0, which also has what there is once: the authority of the gate, audit, limits, leases, figures. */
  readonly central: ShardKeys;
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
  const of = (id: EventId | MessageId): ShardKeys => shard(shardOf(id));
  return { prefix, shards, shard, all, central: shard(0), of, gateHint: `${prefix}:gate-hint` };
}

/**
 * Every key name in one place. All keys of a shard carry its hash tag (`{s00}`), BullMQ's own included, so one
 * script may touch any of them on a single Redis and on a cluster alike.
 */
export type ShardKeys = Readonly<ReturnType<typeof createShardKeys>>;

function createShardKeys(prefix: string, shard: number, auditKey: AuditKey | undefined) {
  const root = `${prefix}:{s${shard.toString(16).padStart(2, '0')}}`;
  return {
    /** What BullMQ puts before its own key names. */
    queuePrefix: root,
    /** Marks an initialised store: `{shards, createdAt}`. */
    store: `${root}:store`,
    gate: `${root}:gate`,
    audit: `${root}:audit`,
    /** Seals the lines of `audit`; absent where the secret is not at hand. */
    auditKey,
    inflight: `${root}:inflight`,
    eventsOpen: `${root}:events-open`,
    eventsPlanned: `${root}:events-planned`,
    eventsDead: `${root}:events-dead`,
    /** What this program cannot read, put aside by when. */
    eventsParked: `${root}:events-parked`,
    eventsQuarantined: `${root}:events-quarantined`,
    /** Bytes that the quarantined events take. */
    quarantineBytes: `${root}:quarantine-bytes`,
    messagesOpen: `${root}:messages-open`,
    /** What has ended for good, by when; kept as long as the records. */
    messagesEnded: `${root}:messages-ended`,
    messagesHeld: `${root}:messages-held`,
    messagesDead: `${root}:messages-dead`,
    messagesParked: `${root}:messages-parked`,
    messagesUnknown: `${root}:messages-unknown`,
    messageCounts: `${root}:message-counts`,
    suppressions: `${root}:suppressions`,
    decisions: `${root}:decisions`,
    /** What each sender knows of its providers, by its name (hash). Central. */
    senders: `${root}:senders`,
    /** When somebody last asked how the providers are, and what the senders found (hash). Central. */
    providersAsked: `${root}:providers-asked`,
    providerHealth: `${root}:provider-health`,
    /** Counts of the whole fleet in the ten seconds that begin at `startMs` (hash). Central. */
    fleetCounters: (startMs: number) => `${root}:figures:${startMs}`,
    /** The part of each client in them: `<figure> <client>` (hash). Central. */
    clientCounters: (startMs: number) => `${root}:client-figures:${startMs}`,
    /** Five-minute slots of one UTC day, for the budgets (hash). */
    slots: (day: string) => `${root}:slots:${day}`,
    /** What the watchdog keeps between two judgements (hash). */
    watchdog: `${root}:guard`,
    /** Ids of incidents by when they were opened (zset). */
    incidents: `${root}:incidents`,
    incident: (id: string) => `${root}:incident:${id}`,
    lease: (name: string) => `${root}:lease:${name}`,
    /** The state of the proof of life (hash). Central. */
    proof: `${root}:proof`,
    /** Status notes by id, and when each version was first run (hashes). Central. */
    statusNotes: `${root}:status-notes`,
    releases: `${root}:releases`,
    /** What was rehearsed when (hash); that production is live; lines of the preflight that processes fail (hash). Central. */
    rehearsals: `${root}:rehearsals`,
    live: `${root}:live`,
    preflightReports: `${root}:guard-reports`,
    quarantineSource: (hash: string) => `${root}:quarantine-source:${hash}`,
    event: (id: EventId) => `${root}:event:${id}`,
    /** What is left of a client's allowance of requests. */
    allowance: (client: ClientId) => `${root}:allowance:${client}`,
    idempotency: (hash: string) => `${root}:idem:${hash}`,
    /** Every message to one address, by when its record goes (`recipient-messages.lua`). */
    messagesTo: (addressHash: string) => `${root}:messages-to:${addressHash}`,
    message: (id: MessageId) => `${root}:message:${id}`,
    suppression: (channel: Channel, addressHash: string) => `${root}:suppression:${channel}:${addressHash}`,
    recipient: (addressHash: string) => `${root}:recipient:${addressHash}`,
    /** Until when the fleet leaves a provider alone (hash). Central, as are windows and caps. */
    provider: (name: string) => `${root}:provider:${name}`,
    /** Whose places in windows and caps can still be returned (zset by until when). Central. */
    placesTaken: `${root}:places-taken`,
    window: (name: string) => `${root}:window:${name}`,
    cap: (name: string) => `${root}:cap:${name}`,
  };
}
