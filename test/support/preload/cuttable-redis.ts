import { cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Redis, startRedis } from '../../../local/redis.ts';
import { compileShim, redisServer, writeLauncher } from './preload.ts';

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
  /** Unresponsive (SIGSTOP) from now on, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** From now on no byte more fits on the disk of the AOF. Resolves when the process has ended because of it. */
  fillDisk(): Promise<void>;
  /** As a backup does: keeps the data of this instant, under a name. */
  copy(name: string): Promise<void>;
  /** SIGKILL, and a start on the same port with the data of that copy: the store has gone back in time. */
  restoreCopy(name: string): Promise<void>;
  /** Power is back, the disk has room again: starts on the same port, with the data that survived. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface CuttableRedisOptions {
  /** An empty folder for data, notes and the compiled shim. */
  readonly dir: string;
  /** Put in the place of the durable settings, by Redis's own names. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts a `redis-server` whose power can be cut. SIGKILL alone proves nothing about durability, because the operating
 * system still writes what the process left in its cache; this forgets what no sync has covered.
 * AOF rewrites are off: a rotation would move the data between files while the notes are taken.
 */
export async function startCuttableRedis(options: CuttableRedisOptions): Promise<CuttableRedis> {
  const notesDir = join(options.dir, 'notes');
  await mkdir(notesDir, { recursive: true });
  const shim = await compileShim('disk', options.dir);
  const program = await writeLauncher(options.dir, redisServer, { ...shim, POWER_CUT_NOTES: notesDir });
  const fullMark = join(notesDir, 'full');
  const settings = { ...options.settings, 'auto-aof-rewrite-percentage': '0' };
  const start = (port: number): Promise<Redis> => startRedis({ dir: options.dir, port, program, settings });
  // The notes belong to the data: they hold the length that is synced.
  const parts = ['appendonlydir', 'notes'];
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
    freeze: () => void process.kill(redis.pid, 'SIGSTOP'),
    thaw: () => void process.kill(redis.pid, 'SIGCONT'),
    async fillDisk() {
      await writeFile(fullMark, '');
      await redis.exited;
    },
    async copy(name) {
      process.kill(redis.pid, 'SIGSTOP');
      const to = join(options.dir, 'copies', name);
      for (const part of parts) await cp(join(options.dir, part), join(to, part), { recursive: true });
      process.kill(redis.pid, 'SIGCONT');
    },
    async restoreCopy(name) {
      await kill();
      for (const part of parts) {
        await rm(join(options.dir, part), { recursive: true });
        await cp(join(options.dir, 'copies', name, part), join(options.dir, part), { recursive: true });
      }
      redis = await start(port);
    },
    async restart() {
      await rm(fullMark, { force: true });
      redis = await start(port);
    },
    stop: () => redis.stop(),
  };
}

async function forgetUnsynced(aofDir: string, notesDir: string): Promise<number> {
  let bytesLost = 0;
  for (const name of await readdir(aofDir)) {
    if (!name.endsWith('.incr.aof')) continue;
    const path = join(aofDir, name);
    // No note: never synced, so all of it is lost.
    const syncedBytes = Number(await readFile(join(notesDir, name), 'utf8').catch(() => '0'));
    bytesLost += (await stat(path)).size - syncedBytes;
    await truncate(path, syncedBytes);
  }
  return bytesLost;
}
