import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { setFlag } from '../../src/gate/flags.ts';
import { createPermits } from '../../src/gate/permits.ts';
import { createKeys, type Keys } from '../../src/store/keys.ts';
import type { MessageRecord } from '../../src/store/message-record.ts';
import { openStore } from '../../src/store/open-store.ts';
import { loadScript, type Script } from '../../src/store/scripts.ts';
import { type ClockedRedis, connectClocked } from '../support/clocked-redis.ts';
import { createMessage, type GateServer, noLimits, opening, startGateServer } from '../support/gate-store.ts';
import { compareHistories } from '../support/group-worlds.ts';

/** Calls of one turn go to a shard as one script: which calls, how many, and what becomes of each. */
let server: GateServer;
let redis: Redis;
let clock: ClockedRedis;
const dir = mkdtempSync(join(tmpdir(), 'group-commit-'));

beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
  clock = connectClocked(server.server.url);
  await redis.ping();
});
beforeEach(async () => {
  await redis.flushdb();
});
afterAll(async () => {
  clock.redis.disconnect();
  await server.stop();
  rmSync(dir, { recursive: true });
});

function write<const Key extends string, const Arg extends string>(
  name: string,
  source: string,
  names: { readonly keys: readonly Key[]; readonly args: readonly Arg[] },
): Script<Key, Arg> {
  const file = join(dir, name);
  writeFileSync(file, source);
  return loadScript(pathToFileURL(file), names);
}

const append = write('append.lua', "return redis.call('APPEND', keys.text, args.text .. keys.fixed)", {
  keys: ['fixed', 'text'],
  args: ['text'],
});
const lists = write(
  'lists.lua',
  `local all = {}
for _, key in ipairs(keys.others) do all[#all + 1] = key end
for _, word in ipairs(args.words) do all[#all + 1] = word end
all[#all + 1] = keys.one .. args.first
return all`,
  { keys: ['one', '...others'], args: ['first', '...words'] },
);
const fail = write(
  'fail.lua',
  `redis.call('INCR', keys.count)
if args.how == 'bug' then return nosuchthing.field end
if args.how == 'type' then return redis.call('LLEN', keys.count) end
if args.how == 'nothing' then return nil end
if args.how == 'false' then return false end
return args.how`,
  { keys: ['count'], args: ['how'] },
);

/** Scripts that the server has run since the last flush of its counts. */
async function countScripts(): Promise<number> {
  const info = await redis.info('commandstats');
  const calls = [...info.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].map(([, count]) => Number(count));
  return calls.reduce((sum, count) => sum + count, 0);
}

async function countScriptsOf(run: () => Promise<unknown>): Promise<number> {
  await run();
  await redis.config('RESETSTAT');
  await run();
  return await countScripts();
}

const appendTo = (shard: string, text: string): Promise<unknown> =>
  append.run(redis, { fixed: `{${shard}}.`, text: `{${shard}}:text` }, { text });

test('calls of one turn are one script for each shard, and run in their order', async () => {
  const run = async (): Promise<unknown[]> =>
    await Promise.all([
      appendTo('s00', 'a'),
      appendTo('s01', 'b'),
      appendTo('s00', 'c'),
      appendTo('s00', 'd'),
    ]);
  expect(await countScriptsOf(run)).toBe(2);
  await redis.flushdb();
  expect(await run()).toEqual([7, 7, 14, 21]);
  expect(await redis.get('{s00}:text')).toBe('a{s00}.c{s00}.d{s00}.');
});

test('stores of different prefixes share no group, though their hash tags are the same: each has its gate and its counts', async () => {
  const call = (prefix: string): Promise<unknown> =>
    append.run(redis, { fixed: `${prefix}:{s00}.`, text: `${prefix}:{s00}:text` }, { text: 'a' });
  expect(await countScriptsOf(() => Promise.all([call('acc'), call('acc:proof'), call('acc')]))).toBe(2);
});

test('a stop holds the real messages of a turn in which the proof of life asks too, and not the proof', async () => {
  const [real, proof] = [createKeys('acc', 1), createKeys('acc:proof', 1)];
  for (const keys of [real, proof]) await openStore(redis, keys, opening);
  await setFlag(
    { redis, keys: real, now: Date.now },
    { flag: 'send', value: 'off', actor: 'a', reason: 'r' },
  );
  const inTurn = async (order: readonly Keys[]): Promise<string[]> => {
    const messages = await Promise.all(order.map((keys) => createMessage(redis, keys)));
    return await Promise.all(
      order.map(async (keys, at) => {
        const options = {
          redis,
          keys,
          limits: noLimits(),
          claimMs: 1_000,
          retentionMs: 60_000,
          now: Date.now,
        };
        const message = messages[at] as MessageRecord;
        const ask = { message, provider: 'p', segments: 1, rehearse: false };
        return (await createPermits(options).ask(ask)).kind;
      }),
    );
  };
  expect(await inTurn([proof, real, proof])).toEqual(['go', 'held', 'go']);
  expect(await inTurn([real, proof, real])).toEqual(['held', 'go', 'held']);
  const counts = await Promise.all([real, proof].map((keys) => redis.hgetall(keys.shard(0).messageCounts)));
  expect(counts).toMatchObject([{ queued: '3' }, { queued: '0', claimed: '3' }]);
});

test('a group has sixteen calls at most, and 64 KiB of arguments; what is larger goes alone', async () => {
  const some = (count: number, text: string) => async (): Promise<unknown> =>
    await Promise.all(Array.from({ length: count }, () => appendTo('s00', text)));
  expect(await countScriptsOf(some(40, 'x'))).toBe(3);
  expect(await countScriptsOf(some(4, 'x'.repeat(40_000)))).toBe(2);
  expect(await countScriptsOf(some(2, 'x'.repeat(100_000)))).toBe(2);
});

test('calls of different turns are never kept waiting for each other', async () => {
  const run = async (): Promise<void> => {
    await appendTo('s00', 'a');
    await appendTo('s00', 'b');
  };
  expect(await countScriptsOf(run)).toBe(2);
});

test('lists of keys and of arguments keep their length in a group, and keys that differ stay apart', async () => {
  const run = (one: string, others: string[], first: string, words: string[]): Promise<unknown> =>
    lists.run(redis, { one, others }, { first, words });
  expect(
    await Promise.all([
      run('{a}1', [], 'x', []),
      run('{a}1', ['{a}2', '{a}3'], 'y', ['w']),
      run('{a}4', ['{a}5'], 'z', ['v', '', 'u']),
    ]),
  ).toEqual([['{a}1x'], ['{a}2', '{a}3', 'w', '{a}1y'], ['{a}5', 'v', '', 'u', '{a}4z']]);
});

test('one that fails fails by itself and in its own words, and what it had written stays, as when it is alone', async () => {
  const hows = ['fine', 'bug', 'nothing', 'type', 'false', 'well'];
  const ends = await Promise.allSettled(hows.map((how) => fail.run(redis, { count: '{a}' }, { how })));
  expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.code))).toEqual([
    'fine',
    'internal-error',
    null,
    'internal-error',
    null,
    'well',
  ]);
  const causes = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason.cause.message)] : []));
  expect(causes).toEqual([expect.stringContaining('nosuchthing'), expect.stringContaining('WRONGTYPE')]);
  expect(await redis.get('{a}')).toBe('6');
});

test('with the store full or away, each call of the group fails as an outage, with an error of its own', async () => {
  await redis.config('SET', 'maxmemory', '1');
  const full = await Promise.allSettled([appendTo('s00', 'a'), appendTo('s00', 'b')]);
  await redis.config('SET', 'maxmemory', '0');
  const other = server.connect();
  await other.ping();
  other.disconnect();
  const call = (): Promise<unknown> => append.run(other, { fixed: '{a}', text: '{a}:text' }, { text: 'a' });
  const away = await Promise.allSettled([call(), call()]);
  const errors = [...full, ...away].map((end) => (end.status === 'rejected' ? end.reason : undefined));
  expect(errors.map((error) => error?.code)).toEqual(Array.from({ length: 4 }, () => 'store-unavailable'));
  expect(new Set(errors).size).toBe(4);
});

test('a server that has forgotten its scripts is given the whole source', async () => {
  await appendTo('s00', 'a');
  await redis.script('FLUSH');
  expect(await Promise.all([appendTo('s00', 'b'), appendTo('s00', 'c')])).toEqual([14, 21]);
});

test('in 150 random histories a group comes to the same results and the same store as its calls one by one', async () => {
  const differences: string[] = [];
  for (let seed = 1; seed <= 150; seed += 1)
    differences.push(...(await compareHistories(clock, server, seed)));
  expect(differences).toEqual([]);
}, 120_000);
