import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FlagName } from '../../src/domain/flags.ts';
import { adoptStore } from '../../src/gate/adopt-store.ts';
import { type FlagValue, readGate, setFlag } from '../../src/gate/flags.ts';
import type { GateWatch } from '../../src/gate/gate-watch.ts';
import type { Limits } from '../../src/gate/limits.ts';
import { createPermits, type Permits } from '../../src/gate/permits.ts';
import { settleGate } from '../../src/gate/settle-gate.ts';
import { createSharedLimits } from '../../src/gate/shared-limits.ts';
import { stopSending } from '../../src/gate/stop-sending.ts';
import { createKeys, type Keys } from '../../src/store/keys.ts';
import type { MessageRecord } from '../../src/store/message-record.ts';
import { openStore, readShards } from '../../src/store/open-store.ts';
import {
  createMessage,
  createWatch,
  type GateServer,
  noLimits,
  opening,
  startGateServer,
} from '../support/gate-store.ts';
import { waitFor } from '../support/wait-for.ts';
import { watchCommands } from '../support/watch-commands.ts';

/** What holds between shards, whatever dies between two of them. */
const shardCount = 4;
let server: GateServer;
let redis: Redis;
let keys: Keys;
const watches: GateWatch[] = [];

beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
});
afterAll(async () => {
  await Promise.all(watches.map((one) => one.stop()));
  await server.stop();
});
beforeEach(() => {
  keys = createKeys(`acc-${randomBytes(4).toString('hex')}`, shardCount);
});

/** As whoever dies after the central shard leaves it. */
const centralOnly = (): Keys => ({ ...keys, all: [keys.central] });

async function open(): Promise<GateWatch> {
  await openStore(redis, keys, opening);
  return await look();
}

/** A process that looks at the gate once, and has nothing else remind it to. */
async function look(): Promise<GateWatch> {
  const watch = createWatch(server, { redis, keys, now: Date.now, pollMs: 3_600_000 });
  watches.push(watch);
  await watch.start();
  return watch;
}

function permitsWith(watch: GateWatch, limits: Partial<Limits> = {}): Permits {
  const { knowledge } = watch;
  const given = { limits: noLimits(limits), claimMs: 20_000, retentionMs: 3_600_000, now: Date.now };
  return createPermits({ redis, keys, knowledge, ...given });
}

/** Of a process that knows nothing and so follows the gate of each shard. */
function bare(): Permits {
  const given = { limits: noLimits(), claimMs: 20_000, retentionMs: 3_600_000, now: Date.now };
  return createPermits({ redis, keys, ...given });
}

/** A whole store that nobody watches: no hint completes what is left half-way. */
async function openUnwatched(): Promise<Permits> {
  await openStore(redis, keys, opening);
  await settleGate({ redis, keys });
  return bare();
}

/** One message on each shard. */
async function makeOnEach(): Promise<MessageRecord[]> {
  const found = new Map<string, MessageRecord>();
  while (found.size < shardCount) {
    const message = await createMessage(redis, keys);
    found.set(message.id.slice(0, 6), message);
  }
  return [...found.values()];
}

/** `era`: of the messages that it makes. */
async function askEach(permits: Permits, era = 1): Promise<string[]> {
  const messages = await makeOnEach();
  for (const { id } of messages) await redis.hset(keys.of(id).message(id), { era });
  const results = await Promise.all(messages.map((message) => ask(permits, message)));
  return [...new Set(results.map((result) => ('reason' in result ? result.reason : result.kind)))];
}

const ask = (permits: Permits, message: MessageRecord) =>
  permits.ask({ message, provider: 'p', segments: 1, rehearse: false });

async function turn(value: FlagValue, flag: FlagName = 'send', at = keys) {
  const seenEpoch = (await readGate(redis, keys))?.epoch ?? 0;
  return await setFlag(
    { redis, keys: at, now: Date.now },
    { flag, value, actor: 'a', reason: 'r', seenEpoch },
  );
}

describe('the gate', () => {
  test('a stop is on every shard when it is answered, without anybody having looked', async () => {
    const permits = permitsWith(await open());
    expect(await askEach(permits)).toEqual(['go']);
    expect(await turn('off')).toMatchObject({ kind: 'done', epoch: 2 });
    expect(await askEach(permits)).toEqual(['stopped']);
    const gates = await Promise.all(
      keys.all.map(({ gate }) => redis.hmget(gate, 'send', 'epoch', 'lineage')),
    );
    expect(new Set(gates.map(String)).size).toBe(1);
  });

  test('tells what is in flight on all shards, of what the flag is about, and by name', async () => {
    const permits = permitsWith(await open());
    const messages = await makeOnEach();
    for (const message of messages) await ask(permits, message);
    const text = await createMessage(redis, keys, { channel: 'sms' });
    await ask(permits, text);
    const stop = { actor: 'a', reason: 'r', waitMs: 0 } as const;
    const store = { redis, keys, now: Date.now, monotonicNow: () => performance.now() };
    const email = await stopSending(store, { ...stop, flag: 'send:email' });
    expect(email).toMatchObject({ state: 'stopping', inFlightAtStop: shardCount, inFlight: shardCount });
    expect(email.messagesAtStop.toSorted()).toEqual(messages.map(({ id }) => id).toSorted());
    expect((await stopSending(store, { ...stop, flag: 'send' })).inFlightAtStop).toBe(shardCount + 1);
  });

  test('a stop whose writer died after the central shard is completed by whoever looks next', async () => {
    const permits = await openUnwatched();
    await turn('off', 'send', centralOnly());
    expect((await readGate(redis, keys))?.copies.isLagging).toBe(true);
    const watch = await look();
    expect(watch.isOn('send')).toBe(false);
    expect(await askEach(permits)).toEqual(['stopped']);
    expect((await readGate(redis, keys))?.copies.isLagging).toBe(false);
  });

  test('a start whose writer died leaves the other shards stopped until somebody looks', async () => {
    const permits = await openUnwatched();
    await turn('off');
    await turn('on', 'send', centralOnly());
    expect((await askEach(permits)).toSorted()).toEqual(['go', 'stopped']);
    await look();
    expect(await askEach(permits)).toEqual(['go']);
  });

  test('of two who change it at once, the later one is on every shard', async () => {
    await open();
    await Promise.all([turn('off'), turn('off', 'ingest'), turn('off', 'send:sms'), turn('off', 'consume')]);
    const gate = await readGate(redis, keys);
    expect([gate?.epoch, gate?.copies.isLagging]).toEqual([5, false]);
    for (const { gate: key } of keys.all)
      expect(await redis.hmget(key, 'send', 'ingest', 'send:sms', 'consume')).toEqual([
        'off',
        'off',
        'off',
        'off',
      ]);
  });
});

describe('a stop of a process that watches the gate', () => {
  const stop = { flag: 'send', value: 'off', actor: 'a', reason: 'r' } as const;

  /** What a client sends, as words, while it does something. */
  const record = async (act: (client: Redis) => Promise<unknown>): Promise<string[]> => {
    const client = server.connect();
    const [, address = ''] = /\baddr=(\S+)/.exec(await client.client('INFO')) ?? [];
    const lines: string[] = [];
    const end = await watchCommands(server.server.url, (line) => lines.push(line));
    await act(client);
    await client.ping('the end');
    await waitFor(
      'the last command is seen',
      () => lines,
      (seen) => seen.some((line) => line.includes('the end')),
    );
    end();
    const own = lines.filter((line) => line.includes(`[0 ${address}]`));
    return own.flatMap((line) => /\] "(\w+)"/.exec(line)?.[1] ?? []).filter((word) => word !== 'ping');
  };

  test.each([
    [1, 1],
    [shardCount, shardCount],
  ])('of %i shard(s) sends %i commands, and reads nothing first', async (shards, commands) => {
    keys = createKeys(keys.prefix, shards);
    const watch = await open();
    const store = { keys, now: Date.now, lastSeen: () => watch.current() };
    // The scripts are known to the server from here on.
    await turn('off', 'ingest');
    await look();
    const last = await look();
    const sent = await record(
      async (client) => await setFlag({ ...store, redis: client, lastSeen: () => last.current() }, stop),
    );
    expect(sent).toEqual(Array.from({ length: commands }, () => 'evalsha'));
  });

  test('is not refused and not lost where it has seen an older gate', async () => {
    const watch = await open();
    await turn('off', 'ingest');
    expect(watch.current()?.epoch).toBe(1);
    const store = { redis, keys, now: Date.now, lastSeen: () => watch.current() };
    expect(await setFlag(store, stop)).toMatchObject({ kind: 'done', epoch: 3, before: 'on' });
    expect((await readGate(redis, keys))?.flags.ingest.value).toBe('off');
  });
});

describe('a store that was opened half-way', () => {
  test('has one lineage, gives no permit of a shard before its gate is copied, and is completed by the next', async () => {
    await openStore(redis, centralOnly(), opening);
    expect(await openStore(redis, keys, opening)).toBe('opened');
    const nobodyLooked = bare();
    expect((await askEach(nobodyLooked)).toSorted()).toEqual(['go', 'stopped']);
    expect(await askEach(permitsWith(await look()))).toEqual(['go']);
    const lineages = await Promise.all(keys.all.map(({ gate }) => redis.hget(gate, 'lineage')));
    expect(new Set(lineages).size).toBe(1);
  });

  test('has lost nothing in the eyes of whoever looks before it is whole, and is completed by that look', async () => {
    await openStore(redis, centralOnly(), opening);
    const watch = await look();
    expect(watch.knowledge.state()).toEqual({ kind: 'confirmed' });
    expect(await askEach(permitsWith(watch))).toEqual(['go']);
  });

  test('says how many shards it has to whoever is not told', async () => {
    expect(await readShards(redis, keys)).toBe(1);
    await open();
    expect(await readShards(redis, createKeys(keys.prefix, 1))).toBe(shardCount);
  });
});

describe('a store of which one shard is not where it was', () => {
  const adopt = async (): Promise<void> => {
    const { lineage = '' } = (await readGate(redis, keys))?.mark ?? {};
    const order = { actor: 'boss', reason: 'looked', lineage };
    expect(await adoptStore({ redis, keys, now: Date.now }, order)).toMatchObject({ kind: 'adopted' });
    expect(await turn('on')).toMatchObject({ kind: 'done' });
  };
  const expectWentBack = async (watch: GateWatch): Promise<void> => {
    await watch.stop();
    await watch.start();
    expect(watch.knowledge.state().kind).toBe('went-back');
    expect(await askEach(permitsWith(watch))).toEqual(['restored']);
    for (const { gate } of keys.all)
      if ((await redis.exists(gate)) === 1) expect(await redis.hexists(gate, 'wentBack')).toBe(1);
  };

  test('that has lost changes is found, whatever the others have gained; no shard gives a permit until it is adopted', async () => {
    const watch = await open();
    const [first] = await makeOnEach();
    await watch.start();
    await redis.hset(keys.of(first?.id ?? ('' as never)).messageCounts, 'changes', 0);
    for (let count = 0; count < 20; count += 1) await createMessage(redis, keys);
    await redis.hset(keys.of(first?.id ?? ('' as never)).messageCounts, 'changes', 0);
    await expectWentBack(watch);
    await adopt();
    expect(await askEach(permitsWith(await look()), 2)).toEqual(['go']);
  });

  test('that has lost its gate, too', async () => {
    const watch = await open();
    await redis.del(keys.shard(2).gate);
    await watch.stop();
    await watch.start();
    expect(watch.knowledge.state()).toMatchObject({ kind: 'went-back', detail: 'shard 2 has lost its gate' });
    expect(await turn('off')).toMatchObject({ kind: 'done' });
    await adopt();
    expect(await askEach(permitsWith(await look()), 2)).toEqual(['go']);
  });

  test('as a permit of that shard finds: every process is told, and the adoption clears it on all', async () => {
    const watch = await open();
    const [message] = await makeOnEach();
    if (message === undefined) throw new Error('no message');
    await redis.hset(keys.of(message.id).gate, 'wentBack', 'as a permit found');
    expect((await readGate(redis, keys))?.wentBack).toBe('as a permit found');
    await expectWentBack(watch);
    await adopt();
    for (const { gate } of keys.all) expect(await redis.hexists(gate, 'wentBack')).toBe(0);
  });
});

describe('a place in the limits', () => {
  test('is taken on one shard for messages of all, and is returned where no permit comes of it', async () => {
    const watch = await open();
    const permits = permitsWith(watch, { perMinute: 3 });
    const [first, ...others] = await makeOnEach();
    if (first === undefined) throw new Error('no message');
    await turn('off');
    for (const message of [first, ...others])
      expect(await ask(permits, message)).toMatchObject({ reason: 'stopped' });
    await turn('on');
    const results = await Promise.all([first, ...others].map((message) => ask(permits, message)));
    expect(results.map(({ kind }) => kind).toSorted()).toEqual(['go', 'go', 'go', 'wait-here']);
  });

  test('of a process that died before it asked for the permit stays counted, and is returned once where it lived', async () => {
    const permits = permitsWith(await open(), { perMinute: 1, perDay: 5 });
    const [first, second] = await makeOnEach();
    if (first === undefined || second === undefined) throw new Error('no message');
    const ends = { windows: [{ key: keys.central.window('all'), name: 'all', limit: 1, spanMs: 60_250 }] };
    const caps = [{ key: keys.central.cap('day:1'), name: 'day:1', limit: 5, amount: 1, expireMs: 60_000 }];
    const user = { owner: 'died', provider: 'p', limits: { ...ends, caps, intervalMs: 0, quietUntil: 0 } };
    const shared = createSharedLimits({ redis, keys }, 20_000);
    expect(await shared.take({ ...user, rehearse: false })).toBe('taken');
    expect(await ask(permits, first)).toMatchObject({ kind: 'wait-here', why: 'all' });
    for (let times = 0; times < 3; times += 1) await shared.returnAll(user);
    expect(await redis.get(keys.central.cap('day:1'))).toBe('0');
    expect((await ask(permits, second)).kind).toBe('go');
  });

  test('a provider that asks for less is left alone by every shard', async () => {
    const permits = permitsWith(await open());
    const [first, second] = await makeOnEach();
    if (first === undefined || second === undefined) throw new Error('no message');
    const result = await ask(permits, first);
    if (result.kind !== 'go') throw new Error(result.kind);
    const line = { number: 1, provider: 'p', outcome: 'slow-down', detail: '', durationMs: 1 };
    await permits.commit(result.claim, {
      to: 'retrying',
      reason: '',
      line,
      fields: {},
      undo: true,
      retryInMs: 1,
      blockProviderMs: 60_000,
    });
    expect(await ask(permits, second)).toMatchObject({ kind: 'wait-later', why: 'provider-back-off' });
  });
});
