import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type Redis, startRedis } from '../../../local/redis.ts';

export interface CuttableRedis {
  readonly url: string;
  readonly port: number;
  /**
   * Cuts the power: SIGKILL, and every byte of the AOF that was not synced is gone. Resolves when the process has
   * ended, with the number of bytes that were lost.
   */
  cut(): Promise<{ bytesLost: number }>;
  /** SIGKILL alone: what the operating system holds for the disk still gets there. */
  kill(): Promise<void>;
  /** Power is back: starts on the same port, with the data that survived. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface CuttableRedisOptions {
  /** An empty folder for data, notes and the compiled shim. */
  readonly dir: string;
  /** Put in the place of the durable settings, by Redis's own names. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Why no power cut can be imitated on this machine, or `undefined` when it can. */
export async function whyNoPowerCut(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the power-cut shim needs Linux (LD_PRELOAD and /proc)';
  for (const program of ['cc', redisServer]) {
    const found = await run(program, ['--version']).then(
      () => true,
      () => false,
    );
    if (!found) return `the power-cut shim needs \`${program}\`, which is not installed`;
  }
  return undefined;
}

/**
 * Starts a `redis-server` whose power can be cut. SIGKILL alone proves nothing about durability, because the operating
 * system still writes what the process left in its cache; this forgets what no sync has covered.
 * AOF rewrites are off: a rotation would move the data between files while the notes are taken.
 */
export async function startCuttableRedis(options: CuttableRedisOptions): Promise<CuttableRedis> {
  const notesDir = join(options.dir, 'notes');
  await mkdir(notesDir, { recursive: true });
  const program = await writeLauncher(options.dir, notesDir);
  const settings = { ...options.settings, 'auto-aof-rewrite-percentage': '0' };
  const start = (port: number): Promise<Redis> => startRedis({ dir: options.dir, port, program, settings });
  let redis = await start(0);
  const { url, port } = redis;
  const kill = async (): Promise<void> => {
    process.kill(redis.pid, 'SIGKILL');
    await redis.exited;
  };
  return {
    url,
    port,
    kill,
    async cut() {
      await kill();
      return { bytesLost: await forgetUnsynced(join(options.dir, 'appendonlydir'), notesDir) };
    },
    async restart() {
      redis = await start(port);
    },
    stop: () => redis.stop(),
  };
}

/** A script that becomes redis-server with the shim loaded, under the same process id. */
async function writeLauncher(dir: string, notesDir: string): Promise<string> {
  const shim = join(dir, 'shim.so');
  const source = fileURLToPath(new URL('shim.c', import.meta.url));
  await run('cc', ['-Wall', '-Werror', '-O1', '-shared', '-fPIC', '-o', shim, source, '-ldl']);
  const launcher = join(dir, 'redis-server-with-shim');
  const lines = [
    '#!/bin/sh',
    `export LD_PRELOAD='${shim}' POWER_CUT_NOTES='${notesDir}'`,
    `exec '${redisServer}' "$@"`,
    '',
  ];
  await writeFile(launcher, lines.join('\n'), { mode: 0o755 });
  return launcher;
}

async function forgetUnsynced(aofDir: string, notesDir: string): Promise<number> {
  let bytesLost = 0;
  for (const name of await readdir(aofDir)) {
    if (!name.endsWith('.incr.aof')) continue;
    const path = join(aofDir, name);
    // No note: never synced, so nothing of it is sure.
    const syncedBytes = Number(await readFile(join(notesDir, name), 'utf8').catch(() => '0'));
    bytesLost += (await stat(path)).size - syncedBytes;
    await truncate(path, syncedBytes);
  }
  return bytesLost;
}

const run = promisify(execFile);
/** `scripts/test` finds it, and it may be a valkey-server. */
const redisServer = process.env['REDIS_SERVER'] ?? 'redis-server';
