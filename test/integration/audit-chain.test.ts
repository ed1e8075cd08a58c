import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  appendAudit,
  hashPlainLine,
  readAudit,
  readAuditHead,
  readEntry,
} from '../../src/gate/audit-chain.ts';
import { setFlag } from '../../src/gate/flags.ts';
import { type AuditBounds, trimAudit } from '../../src/gate/trim-audit.ts';
import { type AuditVerdict, verifyAudit } from '../../src/gate/verify-audit.ts';
import { deriveAuditKey } from '../../src/store/audit-key.ts';
import { createKeys, type Keys } from '../../src/store/keys.ts';
import { type GateServer, startGateServer } from '../support/gate-store.ts';

const ours = deriveAuditKey('for-tests-only-0123456789-0123456789');
const theirs = deriveAuditKey('of-somebody-else-0123456789-01234567');
const dayMs = 86_400_000;

let server: GateServer;
let redis: Redis;
let keys: Keys;
beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
});
afterAll(() => server.stop());
beforeEach(async () => {
  keys = withKey(await server.openStore(), ours);
});

function withKey({ prefix }: Keys, key?: typeof ours): Keys {
  return createKeys(prefix, 1, key);
}

async function append(reason: string, by: Keys = keys): Promise<void> {
  await appendAudit(redis, by.shard(0), { at: '', actor: 'a', action: 'x', reason });
}

async function write(...reasons: string[]): Promise<void> {
  for (const reason of reasons) await append(reason);
}

function verify(expected?: { head: string; count?: number }, by: Keys = keys): Promise<AuditVerdict> {
  return verifyAudit(redis, by.shard(0), expected);
}

/** What a version before seals does: a bare SHA-256 over the hash before and the line. */
async function appendPlain(reason: string): Promise<void> {
  const { gate, audit } = keys.shard(0);
  const text = JSON.stringify({ at: '', actor: 'a', action: 'x', reason });
  const hash = hashPlainLine((await redis.hget(gate, 'auditHash')) ?? '', text);
  await redis.xadd(audit, '*', 'line', text, 'hash', hash);
  await redis.hset(gate, 'auditHash', hash);
}

type Line = readonly [text: string, hash: string];

async function readLines(): Promise<Line[]> {
  const entries = await redis.xrange(keys.shard(0).audit, '-', '+');
  return entries.map(([, fields]) => [readEntry(fields).text, readEntry(fields).hash]);
}

/** Puts these lines in place of the chain, and the head to the last of them, as one can who may write to the store. */
async function replace(lines: readonly Line[]): Promise<void> {
  const { gate, audit } = keys.shard(0);
  await redis.del(audit);
  for (const [text, hash] of lines) await redis.xadd(audit, '*', 'line', text, 'hash', hash);
  await redis.hset(gate, 'auditHash', lines.at(-1)?.[1] ?? '');
}

test('every line is sealed, those of a switch too, and the head says how many there are', async () => {
  await write('one', 'two');
  const change = { flag: 'send', value: 'off', actor: 'a', reason: 'three' } as const;
  await setFlag({ redis, keys, now: Date.now }, change);
  const { head, count } = await readAuditHead(redis, keys.shard(0));
  expect(count).toBe(3);
  expect(head).toMatch(new RegExp(`^3\\.[0-9a-f]{64}\\.${ours.id}\\.[0-9a-f]{32}$`));
  expect(await verify()).toEqual({
    ok: true,
    head,
    count: 3,
    lines: 3,
    first: 1,
    sealedUpTo: 3,
    unsealed: 0,
    foreign: 0,
  });
  expect(await verify({ head })).toMatchObject({ ok: true });
  expect(await verify({ head, count: 3 })).toMatchObject({ ok: true });
});

test('an empty chain is whole', async () => {
  expect(await readAuditHead(redis, keys.shard(0))).toEqual({ head: '', count: 0 });
  expect(await verify()).toMatchObject({ ok: true, count: 0, lines: 0 });
});

/** What somebody may do who can write to the store and has not the key. The head is always set to fit. */
const forgeries: [what: string, tamper: (lines: Line[]) => Line[]][] = [
  ['a changed line', (all) => all.map(([text, hash]) => [text.replace('two', 'TWO'), hash])],
  ['a line taken out', (all) => all.filter((_, at) => at !== 1)],
  ['the first line taken out', (all) => all.slice(1)],
  ['lines swapped', ([a, b, c]) => [b, a, c].filter((one) => one !== undefined)],
  ['a line repeated', ([a, b, c]) => [a, b, b, c].filter((one) => one !== undefined)],
  ['a line put in with a made-up hash', ([a, ...rest]) => [a ?? ['', ''], ['{}', 'f'.repeat(64)], ...rest]],
  [
    'a seal changed',
    (all) => all.map(([text, hash], at) => [text, at === 1 ? hash.replace(/.{4}$/, 'aaaa') : hash]),
  ],
  [
    'a line written anew with its hash, under its old seal',
    (all) =>
      all.map(([text, hash], at) => {
        const [number = '', , id = '', seal = ''] = hash.split('.');
        return at === 2 ? [text, [number, 'a'.repeat(64), id, seal].join('.')] : [text, hash];
      }),
  ],
  ['a line without any hash', ([a, b]) => [a, b, ['{}', '']].filter((one) => one !== undefined) as Line[]],
];
test.each(forgeries)('%s is found', async (_what, tamper) => {
  await write('one', 'two', 'three');
  await replace(tamper(await readLines()));
  expect(await verify()).toMatchObject({ ok: false, detail: expect.stringMatching(/follow|seal|head/) });
});

describe('beside a head that was kept elsewhere', () => {
  test.each<[string, number, (lines: Line[]) => Promise<void>, RegExp]>([
    ['a tail that was cut, the head set back', 3, (all) => replace(all.slice(0, 2)), /chain ends after 2/],
    ['a chain that was emptied', 3, () => replace([]), /chain ends after 0/],
    [
      'a chain written anew by somebody with the key',
      3,
      async () => {
        await replace([]);
        await write('uno', 'dos', 'tres', 'cuatro');
      },
      /written anew/,
    ],
    [
      'a tail written anew',
      3,
      async (all) => {
        await replace(all.slice(0, 2));
        await write('tres');
      },
      /written anew/,
    ],
  ])('%s is found, though the chain by itself is whole', async (_what, count, tamper, words) => {
    await write('one', 'two', 'three');
    const { head } = await readAuditHead(redis, keys.shard(0));
    await tamper(await readLines());
    expect(await verify()).toMatchObject({ ok: true });
    expect(await verify({ head })).toMatchObject({ ok: false, detail: expect.stringMatching(words) });
    expect(await verify({ head, count })).toMatchObject({ ok: false, detail: expect.stringMatching(words) });
  });

  test('what was added since is no fault', async () => {
    await write('one', 'two');
    const { head } = await readAuditHead(redis, keys.shard(0));
    await write('three');
    expect(await verify({ head })).toMatchObject({ ok: true, count: 3 });
    expect(await verify({ head, count: 1 })).toMatchObject({ ok: false });
  });

  test('a chain written anew without the key shows by itself that nothing vouches for it', async () => {
    await write('one', 'two', 'three');
    await replace([]);
    for (const reason of ['uno', 'dos']) await append(reason, withKey(keys));
    for (const reason of ['tres']) await append(reason, withKey(keys, theirs));
    expect(await verify()).toMatchObject({ ok: true, sealedUpTo: 0, unsealed: 2, foreign: 1 });
  });
});

describe('lines of other writers', () => {
  test('of a version before seals still verify, are counted, and are vouched for by the next sealed line', async () => {
    for (const reason of ['one', 'two']) await appendPlain(reason);
    expect(await readAuditHead(redis, keys.shard(0))).toMatchObject({ count: 2 });
    expect(await verify()).toMatchObject({ ok: true, count: 2, sealedUpTo: 0, unsealed: 2 });
    const { head } = await readAuditHead(redis, keys.shard(0));
    await write('three');
    // An old program writes once more while the release rolls out.
    await appendPlain('four');
    await write('five');
    expect(await verify()).toMatchObject({ ok: true, count: 5, sealedUpTo: 5, unsealed: 3 });
    expect(await verify({ head, count: 2 })).toMatchObject({ ok: true });
    const lines = await readLines();
    await replace(lines.map(([text, hash]) => [text.replace('two', 'TWO'), hash]));
    expect(await verify()).toMatchObject({ ok: false });
  });

  test('of `acc stop` at the store without the key are taken, and counted', async () => {
    await write('one');
    await append('two', withKey(keys));
    expect(await verify()).toMatchObject({ ok: true, count: 2, sealedUpTo: 1, unsealed: 1 });
    await write('three');
    expect(await verify()).toMatchObject({ ok: true, count: 3, sealedUpTo: 3, unsealed: 1 });
  });

  test('after a change of the secret the chain goes on, and the lines before it are told apart', async () => {
    await append('one', withKey(keys, theirs));
    await write('two');
    expect(await verify()).toMatchObject({ ok: true, sealedUpTo: 2, foreign: 1 });
  });
});

describe('trimming', () => {
  const bounds: AuditBounds = { keepMs: 90 * dayMs, keepLines: 3, linesMax: 100 };

  async function trim(changes: Partial<AuditBounds> = {}, afterMs = 0) {
    const gone: string[] = [];
    const count = await trimAudit(redis, keys.shard(0), {
      bounds: { ...bounds, ...changes },
      nowMs: Date.now() + afterMs,
      onTrimmed: ({ text }) => gone.push((JSON.parse(text) as { reason: string }).reason),
    });
    expect(gone).toHaveLength(count);
    return gone;
  }

  async function listReasons(): Promise<string[]> {
    const lines = await readAudit(redis, keys.shard(0), 100);
    return lines.map(({ action, reason }) => (action === 'x' ? reason : action)).toReversed();
  }

  test('takes what is old and beyond the newest lines, hands each out before, and what is left verifies', async () => {
    await write('one', 'two', 'three', 'four', 'five');
    const { head: before } = await readAuditHead(redis, keys.shard(0));
    const { hash: second } = readEntry((await redis.xrange(keys.shard(0).audit, '-', '+'))[1]?.[1] ?? []);
    expect(await trim({}, 91 * dayMs)).toEqual(['one', 'two']);
    expect(await listReasons()).toEqual(['three', 'four', 'five', 'trim audit']);
    expect(await verify({ head: before })).toMatchObject({ ok: true, first: 3, lines: 4, count: 6 });
    expect(await verify({ head: second })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('line 2 has been trimmed'),
    });
    await write('six', 'seven');
    expect(await trim({}, 91 * dayMs)).toEqual(['three', 'four', 'five']);
    expect(await verify()).toMatchObject({ ok: true, first: 6, count: 9 });
  });

  test.each<[string, Partial<AuditBounds>, number, string[]]>([
    ['keeps what is young', {}, 89 * dayMs, []],
    ['keeps the newest, however old', { keepLines: 5 }, 900 * dayMs, []],
    ['takes young lines too when there are too many', { linesMax: 4 }, 0, ['one']],
  ])('%s', async (_what, changes, afterMs, gone) => {
    await write('one', 'two', 'three', 'four', 'five');
    expect(await trim(changes, afterMs)).toEqual(gone);
    expect(await verify()).toMatchObject({ ok: true, first: gone.length + 1 });
  });

  test('of lines before seals counts them too', async () => {
    for (const reason of ['one', 'two', 'three', 'four', 'five']) await appendPlain(reason);
    expect(await trim({}, 91 * dayMs)).toEqual(['one', 'two']);
    expect(await verify()).toMatchObject({ ok: true, first: 3, count: 6, unsealed: 3 });
    expect(await readAuditHead(redis, keys.shard(0))).toMatchObject({ count: 6 });
  });

  test('by a stranger is found: no sealed line says so', async () => {
    await write('one', 'two', 'three', 'four');
    const { gate, audit } = keys.shard(0);
    const [first] = await redis.xrange(audit, '-', '+');
    await redis.xdel(audit, first?.[0] ?? '');
    expect(await verify()).toMatchObject({ ok: false });
    await redis.hset(gate, { auditBase: readEntry(first?.[1] ?? []).hash, auditBaseCount: '1' });
    expect(await verify()).toMatchObject({ ok: false, entry: 'begin' });
    await appendAudit(redis, withKey(keys).shard(0), {
      at: '',
      actor: 'guard',
      action: 'trim audit',
      reason: '',
      detail: { lines: 1, base: readEntry(first?.[1] ?? []).hash, base_count: 1 },
    });
    expect(await verify()).toMatchObject({ ok: false, entry: 'begin' });
  });

  test('beside eight writers loses no line and breaks nothing', async () => {
    await write('old', 'old', 'old', 'old');
    const writers = Array.from({ length: 8 }, (_, at) => append(`new ${at}`));
    const [gone] = await Promise.all([trim({}, 91 * dayMs), ...writers]);
    const verdict = await verify();
    expect(verdict).toMatchObject({ ok: true, count: 13, first: gone.length + 1 });
    expect(verdict.lines + gone.length).toBe(13);
  });
});
