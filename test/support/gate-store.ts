import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Redis as RedisServer, startRedis } from '../../local/redis.ts';
import type { Channel } from '../../src/domain/channel.ts';
import { type MessageId, toMessageId } from '../../src/domain/ids.ts';
import type { Category } from '../../src/domain/message.ts';
import { createGateWatch, type GateWatch, type GateWatchOptions } from '../../src/gate/gate-watch.ts';
import type { Limits } from '../../src/gate/limits.ts';
import { settleGate } from '../../src/gate/settle-gate.ts';
import { createStoreKnowledge } from '../../src/gate/store-knowledge.ts';
import { createScript } from '../../src/plan/plan-event.ts';
import { createKeys, type Keys } from '../../src/store/keys.ts';
import { type MessageRecord, readMessageRecord } from '../../src/store/message-record.ts';
import { openStore } from '../../src/store/open-store.ts';
import { chooseShard } from '../../src/store/shards.ts';
import type { Witness } from '../../src/store/witness.ts';
import { testShards } from './test-shards.ts';

/** How every store of these tests is opened. */
export const opening = { nowMs: Date.now(), environment: 'local' } as const;

/** A real Redis with opened stores, for tests of the scripts. Every store has a prefix of its own. */
export interface GateServer {
  readonly server: RedisServer;
  /** A connection of its own; ended by `stop`. */
  connect(): Redis;
  openStore(): Promise<Keys>;
  stop(): Promise<void>;
}

/** Starts the server. It does not sync: these tests are about what the scripts say, not about power cuts. */
export async function startGateServer(): Promise<GateServer> {
  const dir = await mkdtemp(join(tmpdir(), 'gate-'));
  const server = await startRedis({ dir, port: 0, settings: { appendonly: 'no' } });
  const connections: Redis[] = [];
  const connect = (): Redis => {
    const redis = new Redis(server.url, { maxRetriesPerRequest: 0 });
    redis.on('error', () => undefined);
    connections.push(redis);
    return redis;
  };
  const first = connect();
  return {
    server,
    connect,
    openStore: async () => {
      const keys = createKeys(`acc-${randomBytes(4).toString('hex')}`, testShards);
      await openStore(first, keys, opening);
      await settleGate({ redis: first, keys });
      return keys;
    },
    stop: async () => {
      for (const redis of connections) redis.disconnect();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A gate watch with what it knows of the store, which is what it has seen itself unless there is a witness. */
export function createWatch(
  server: GateServer,
  options: Pick<GateWatchOptions, 'redis' | 'keys' | 'now' | 'pollMs'> & { readonly witness?: Witness },
): GateWatch {
  const { redis, keys, witness } = options;
  const knowledge = createStoreKnowledge({
    redis,
    keys,
    witness,
    openStore: () => openStore(redis, keys, opening),
    monotonicNow: () => performance.now(),
    onWentBack: () => undefined,
  });
  return createGateWatch({ ...options, knowledge, hint: server.connect() });
}

export interface NewMessage {
  readonly name?: string;
  readonly channel?: Channel;
  readonly category?: Category;
  readonly to?: string;
  readonly createdAt?: number;
  readonly sendAt?: number;
  readonly notAfter?: number;
}

/** Writes a queued message as the planner does, and reads it back. */
export async function createMessage(
  redis: Redis,
  keys: Keys,
  given: NewMessage = {},
): Promise<MessageRecord> {
  const name = given.name ?? randomBytes(12).toString('hex');
  const { channel = 'email', category = 'transactional', createdAt = Date.now() } = given;
  const to = given.to ?? (channel === 'email' ? `${name}@example.com` : '+15555550123');
  const toHash = createHash('sha256').update(to).digest('hex').slice(0, 32);
  const id = toMessageId(chooseShard(toHash, keys.shards), name.padStart(24, '0').slice(-24));
  const fields: Record<string, string | number | undefined> = {
    v: 1,
    id,
    event: `evt_00${'0'.repeat(24)}`,
    client: 'test',
    type: 'welcome',
    channel,
    category,
    mode: 'production',
    to,
    toHash,
    locale: 'en',
    timeZone: 'UTC',
    data: '{}',
    state: 'queued',
    generation: 1,
    sendAt: given.sendAt,
    notAfter: given.notAfter,
    createdAt,
    updatedAt: createdAt,
    requestId: 'test',
    history: JSON.stringify({ at: createdAt, to: 'queued', by: 'planner' }),
  };
  const present = Object.entries(fields).filter(
    (field): field is [string, string | number] => field[1] !== undefined,
  );
  const shard = keys.of(id);
  await createScript.run(
    redis,
    { ...shard, message: shard.message(id), messagesTo: shard.messagesTo(toHash) },
    { id, notBefore: createdAt, fields: present.flat() },
  );
  return await readMessage(redis, keys, id);
}

/** The record; throws when there is none. */
export async function readMessage(redis: Redis, keys: Keys, id: MessageId): Promise<MessageRecord> {
  const record = await readMessageRecord(redis, keys.of(id), id);
  if (record === undefined) throw new Error(`${id} has no record`);
  return record;
}

/** No limit at all, unless given. */
export function noLimits(given: Partial<Limits> = {}): Limits {
  return {
    perMinuteByChannel: {},
    intervalMs: { transactional: 0, promotional: 0 },
    recipientBackOffMs: 0,
    quietHours: { fromHour: 0, toHour: 0 },
    smsPrices: new Map([['1', 0.01]]),
    smsDailyBudget: 1_000,
    permitDeadlineMs: 250,
    ...given,
  };
}

/** Everything below the prefix, byte for byte, with the instant at which it expires. */
export async function dumpStore(redis: Redis, keys: Keys): Promise<Record<string, string>> {
  const names = (await redis.keys(`${keys.prefix}:*`)).sort();
  const dump: Record<string, string> = {};
  for (const name of names) {
    const bytes = await redis.dumpBuffer(name);
    dump[name] = `${bytes.toString('base64')} ${await redis.pexpiretime(name)}`;
  }
  return dump;
}
