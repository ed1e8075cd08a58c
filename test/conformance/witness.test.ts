import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import type { StoreMark } from '../../src/domain/store-mark.ts';
import { openWitness, type Witness } from '../../src/store/witness.ts';

/** Both witnesses, through the one door by which the program opens them. */
let dir = '';
let server: Redis;
let count = 0;
const opened: Witness[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'witness-'));
  server = await startRedis({ dir: join(dir, 'redis'), port: 0 });
});
afterAll(async () => {
  for (const witness of opened) witness.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

function open(url: string, keyPrefix = 'acc'): Witness {
  const witness = openWitness({ url, keyPrefix, onError: () => undefined });
  opened.push(witness);
  return witness;
}

const mark = (lineage: string, epoch: number, changes: number): StoreMark => ({ lineage, epoch, changes });
const one = '1.aaaaaaaa';
const two = '2.bbbbbbbb';

/** A place for one test, opened as often as it likes. */
const kinds: [string, () => () => Witness][] = [
  [
    'a folder',
    () => {
      const url = pathToFileURL(join(dir, `place ${(count += 1)}`)).href;
      return () => open(url);
    },
  ],
  [
    'a second Redis',
    () => {
      const prefix = `acc-${(count += 1)}`;
      return () => open(server.url, prefix);
    },
  ],
];

describe.each(kinds)('a witness in %s', (_kind, makePlace) => {
  test('knows nothing at first, and what it was told from then on, whoever asks', async () => {
    const place = makePlace();
    expect(await place().read()).toBeUndefined();
    await place().raise(mark(one, 3, 40));
    expect(await place().read()).toEqual(mark(one, 3, 40));
  });

  test.each<[string, StoreMark, StoreMark]>([
    ['more changes', mark(one, 3, 41), mark(one, 3, 41)],
    ['a newer epoch from who saw fewer changes', mark(one, 4, 7), mark(one, 4, 40)],
    ['less of both', mark(one, 2, 7), mark(one, 3, 40)],
    ['an adoption', mark(two, 4, 12), mark(two, 4, 12)],
    ['another store of the same age', mark('1.zzzzzzzz', 90, 900), mark(one, 3, 40)],
  ])('it only rises: %s', async (_name, told, expected) => {
    const place = makePlace();
    await place().raise(mark(one, 3, 40));
    await place().raise(told);
    expect(await place().read()).toEqual(expected);
  });

  test('a store of an earlier era does not bring it back', async () => {
    const place = makePlace();
    await place().raise(mark(two, 4, 12));
    await place().raise(mark(one, 90, 900));
    expect(await place().read()).toEqual(mark(two, 4, 12));
  });

  test('many who raise it at the same time lose nothing of what any of them knew', async () => {
    const place = makePlace();
    const writers = Array.from({ length: 8 }, () => place());
    await Promise.all(
      writers.map(async (witness, writer) => {
        for (let step = 1; step <= 10; step += 1)
          await witness.raise(writer % 2 === 0 ? mark(one, writer, step) : mark(one, 1, writer * 100 + step));
      }),
    );
    expect(await place().read()).toEqual(mark(one, 6, 710));
  });
});

test('a folder keeps few marks, and passes over what is no mark', async () => {
  const folder = join(dir, 'kept');
  const witness = open(pathToFileURL(folder).href);
  for (let changes = 1; changes <= 20; changes += 1) await witness.raise(mark(one, 1, changes));
  await writeFile(join(folder, '.keep'), '');
  await writeFile(join(folder, '9.aaaaaaaa_1'), '');
  expect(await witness.read()).toEqual(mark(one, 1, 20));
  expect((await readdir(folder)).sort()).toEqual(['.keep', '1.aaaaaaaa_1_20', '9.aaaaaaaa_1']);
});

test.each([
  [
    'a folder that is a file',
    async () => {
      const path = join(dir, 'file');
      await writeFile(path, '');
      return pathToFileURL(join(path, 'below')).href;
    },
  ],
  ['a Redis that is not there', () => Promise.resolve('redis://127.0.0.1:1')],
])('one that cannot be had says so: %s', async (_name, makeUrl) => {
  const witness = open(await makeUrl());
  const words = /ENOTDIR|EEXIST|Connection is closed|could not do|max retries/i;
  await expect(witness.read()).rejects.toThrow(words);
  await expect(witness.raise(mark(one, 1, 1))).rejects.toThrow(words);
});
