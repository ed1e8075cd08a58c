import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { loadScript, toStoreError } from './scripts.ts';

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

function catchFault(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

test.each([
  ['the connection is closed', new Error('Connection is closed.')],
  ['no answer in time', new Error('Command timed out')],
  ['never connected', new Error('Redis is not connected')],
  ['refused', Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })],
  ['gives up', Object.assign(new Error('Reached the max retries'), { name: 'MaxRetriesPerRequestError' })],
  ['loads its file', reply('LOADING Redis is loading the dataset in memory')],
  ['a replica after a failover', reply("READONLY You can't write against a read only replica.")],
  [
    'full, in a script',
    reply("OOM command not allowed when used memory > 'maxmemory'. script: 1, on @user_script:3."),
  ],
  [
    'full, in a script of Redis 6',
    reply(
      'ERR Error running script (call to f_1): @user_script:5: @user_script: 5: -OOM command not allowed',
    ),
  ],
  ['its disk fails', reply('MISCONF Redis is configured to save RDB snapshots, but it is unable to persist')],
  ['too few replicas', reply('NOREPLICAS Not enough good replicas to write.')],
  ['a cluster that lost a part', reply('CLUSTERDOWN Hash slot not served')],
  ['a password that was changed', reply('WRONGPASS invalid username-password pair or user is disabled.')],
  ['too many clients', reply('ERR max number of clients reached')],
])('%s: an outage, to be tried again', (_name, cause) => {
  const fault = toStoreError('read', cause);
  expect(fault).toMatchObject({ code: 'store-unavailable', options: { retryAfterSeconds: 2 } });
  expect(fault.cause).toBe(cause);
});

test.each([
  ['a key of another type', reply('WRONGTYPE Operation against a key holding the wrong kind of value')],
  ['a fault in a script', reply('ERR user_script:3: attempt to index a nil value')],
  ['a command that is not there', reply("ERR unknown command 'NOPE'")],
  ['a record that is no JSON', catchFault(() => JSON.parse('{'))],
  ['a record of another shape', catchFault(() => z.object({ v: z.number() }).parse({}))],
  ['a bug', new TypeError('undefined is not a function')],
])('%s: a fault of ours', (_name, cause) => {
  const fault = toStoreError('read', cause);
  expect(fault.code).toBe('internal-error');
  expect(fault.cause).toBe(cause);
});

test('what is told already is told as it was', () => {
  const told = new ServiceError('store-unavailable', 'away');
  expect(toStoreError('read', told)).toBe(told);
});

describe('the names of keys and arguments', () => {
  const dir = mkdtempSync(join(tmpdir(), 'scripts-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const write = (source: string): URL => {
    const file = join(dir, 'a-script.lua');
    writeFileSync(file, source);
    return pathToFileURL(file);
  };

  test('every script of the service uses exactly those that its caller declares, and none is left over', async () => {
    const src = fileURLToPath(new URL('..', import.meta.url));
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /(?<!\.test)\.(?:ts|lua)$/.test(file),
    );
    const scripts = files.filter((file) => file.endsWith('.lua'));
    const named = new Set<string>();
    for (const file of files) {
      const source = readFileSync(join(src, file), 'utf8');
      const found = source.matchAll(/= loadScript\(new URL\('\.\/(\S+)'|^--- include: (\S+)$/gm);
      for (const [, loaded, included = ''] of found) {
        named.add(basename(loaded ?? included));
        if (loaded !== undefined) await import(join(src, file));
      }
    }
    expect(named).toEqual(new Set(scripts.map((file) => basename(file))));
  });

  test.each([
    ['keys.gat is not declared', "return redis.call('GET', keys.gat .. keys.gate .. args.id)"],
    ['args.idd is not declared', "return redis.call('GET', keys.gate .. args.id .. args.idd)"],
    ['keys.gate is declared and not used', "-- keys.gate\nreturn redis.call('GET', args.id)"],
    ['args.id is declared and not used', "return redis.call('GET', keys.gate)"],
    ['keys and args are to be read by name', "return redis.call('GET', keys.gate .. args.id .. KEYS[1])"],
    ['keys and args are to be read by name', "return redis.call('GET', keys.gate .. args.id .. args['x'])"],
  ])('%s: the script is not loaded', (fault, source) => {
    const names = { keys: ['gate'], args: ['id'] } as const;
    expect(() => loadScript(write(source), names)).toThrow(`a-script.lua: ${fault}`);
  });

  test('a list that others follow has no place of its own: the script is not loaded', () => {
    const names = { keys: ['...counters', 'gate'], args: [] } as const;
    expect(() => loadScript(write('return { keys.counters, keys.gate }'), names)).toThrow('may be a list');
  });

  test('the compiler refuses a call with a key too few, or with a list where one is due', () => {
    const url = write('return { keys.gate, keys.counters, args.id }');
    const script = loadScript(url, { keys: ['gate', '...counters'], args: ['id'] });
    const calls = (redis: Redis): void => {
      void script.run(redis, { gate: 'g', counters: [] }, { id: 1 });
      // @ts-expect-error `gate` is misspelt
      void script.run(redis, { gat: 'g', counters: [] }, { id: 1 });
      // @ts-expect-error `counters` is a list
      void script.run(redis, { gate: 'g', counters: 'c' }, { id: 1 });
      // @ts-expect-error `id` is missing
      void script.run(redis, { gate: 'g', counters: [] }, {});
    };
    expect(calls).toBeTypeOf('function');
  });
});
