import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Redis, startRedis } from './redis.ts';

let dir = '';
const started: Redis[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'redis-'));
});
afterEach(async () => {
  for (const redis of started.splice(0)) await redis.stop(0);
  await rm(dir, { recursive: true, force: true });
});

test('every durable setting is in force when it says PONG', async () => {
  const redis = await start();
  expect(
    await ask(redis, (client) => client.config('GET', 'append*', 'no-append*', 'maxmemory-policy', 'save')),
  ).toEqual(
    expect.arrayContaining([
      'appendonly',
      'yes',
      'appendfsync',
      'always',
      'no-appendfsync-on-rewrite',
      'no',
      'noeviction',
    ]),
  );
});

test('what was acknowledged is there again after a kill, in the same folder', async () => {
  const first = await start();
  await ask(first, (client) => client.set('kept', 'yes'));
  process.kill(first.pid, 'SIGKILL');
  expect(await first.exited).toBe('killed by SIGKILL');
  const second = await start();
  expect(await ask(second, (client) => client.get('kept'))).toBe('yes');
});

test('a caller may put a setting in the place of ours', async () => {
  const redis = await start({ maxmemory: '50mb' });
  expect(await ask(redis, (client) => client.config('GET', 'maxmemory'))).toContain(String(50 * 1024 * 1024));
});

test('stop leaves no process behind and may be called twice', async () => {
  const redis = await start();
  await redis.stop();
  await redis.stop();
  expect(isAlive(redis.pid)).toBe(false);
});

test('a taken port is said with the log of redis-server', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const address = squatter.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(startRedis({ dir, port })).rejects.toThrow(/Address already in use|bind/i);
  squatter.close();
});

test('another Redis on the port is not taken for ours', async () => {
  const other = await start();
  await expect(startRedis({ dir: join(dir, 'second'), port: other.port })).rejects.toThrow(
    /Address already in use/,
  );
});

test('a missing program is said', async () => {
  await expect(startRedis({ dir, port: 0, program: 'no-such-redis' })).rejects.toThrow(/ENOENT.*installed\?/);
});

test('it dies with its parent, even when the parent is killed', async () => {
  const code = `
    import { startRedis } from '${new URL('redis.ts', import.meta.url).href}';
    const redis = await startRedis({ dir: '${dir}', port: 0 });
    console.log(redis.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: 'pipe',
  });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(String(line));
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(pid), { timeout: 8000 }).toBe(false);
}, 20_000);

async function start(settings: Readonly<Record<string, string>> = {}): Promise<Redis> {
  const redis = await startRedis({ dir, port: 0, settings });
  started.push(redis);
  return redis;
}

async function ask<T>(redis: Redis, question: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(redis.port);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
