import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis } from '../../local/redis.ts';
import { withStore } from '../../src/cli/direct-store.ts';

/** What an operator who goes to the store past the service is told when the store does not let them. */
const password = 'the-right-word';
let dir: string;
let server: Awaited<ReturnType<typeof startRedis>>;
let admin: Redis;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'acc-direct-'));
  server = await startRedis({ dir, port: 0 });
  admin = new Redis(server.url);
  await admin.call('ACL', 'SETUSER', 'reader', 'on', '>reads', '~*', '+@read', '+@connection', '+info');
  await admin.config('SET', 'requirepass', password);
});
afterAll(async () => {
  await admin.config('SET', 'requirepass', '');
  admin.disconnect();
  await server.stop();
  await rm(dir, { recursive: true });
});

const patienceMs = 1_500;
const write = (url: string): Promise<unknown> =>
  withStore({ url, keyPrefix: 'acc' }, patienceMs, ({ redis }) => redis.set('some', 'thing'));
const at = (credentials: string, host = '127.0.0.1', scheme = 'redis'): string =>
  `${scheme}://${credentials}${host}:${new URL(server.url).port}`;

test.each([
  ['a wrong password', () => at(':wrong-word@'), 'refuses the user or the password', 'at once'],
  ['an unknown user', () => at(`nobody:${password}@`), 'refuses the user or the password', 'at once'],
  ['no password', () => at(''), 'it wants a password: redis://:PASSWORD@HOST:PORT', 'at once'],
  ['a name nobody knows', () => at('', 'store.invalid'), 'the name of its host is not known', 'at once'],
  ['a user that only reads', () => at('reader:reads@'), 'its user may not do this', 'at once'],
  ['a port where nothing listens', () => 'redis://127.0.0.1:1', 'nothing listens at that address', 'later'],
  ['TLS where there is none', () => at(`:${password}@`, '127.0.0.1', 'rediss'), 'did not answer', 'later'],
])('%s is named, with the repair and without the secret', async (_what, url, repair, when) => {
  const begun = performance.now();
  const error = await write(url()).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: 'CommandError', ending: 'unreachable' });
  const { message } = error as Error;
  expect(message).toContain(repair);
  expect(message).not.toMatch(/wrong-word|the-right-word|reads@/);
  expect(performance.now() - begun < patienceMs).toBe(when === 'at once');
});

test('a store that is a replica says that the primary is to be named', async () => {
  await admin.replicaof('127.0.0.1', 1);
  await expect(write(at(`:${password}@`))).rejects.toThrow('it is a replica and takes no writes');
  await admin.replicaof('NO', 'ONE');
});

test('with the right password it is opened', async () => {
  expect(await write(at(`:${password}@`))).toBe('OK');
});
