import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { flagNames } from '../domain/flags.ts';
import { formatLineage } from '../domain/store-mark.ts';
import type { Keys } from './keys.ts';
import { loadScript } from './scripts.ts';

const script = loadScript(new URL('./open-store.lua', import.meta.url), {
  keys: ['store', 'gate'],
  args: ['shards', 'now', 'environment', 'lineage', '...flags'],
});

/**
 * Initialises every shard of an empty store, or checks that the store is ours. The gate of a new store is open:
 * the environment decides first, and run time can only be stricter.
 * Throws when the store was made with another number of shards, or by a service of another environment, and when its
 * engine is too old.
 */
export async function openStore(
  redis: Redis,
  keys: Keys,
  { nowMs, environment }: { readonly nowMs: number; readonly environment: string },
): Promise<'created' | 'opened'> {
  await assertEngineVersion(redis);
  let result: 'created' | 'opened' = 'opened';
  const lineage = createLineage(1);
  for (const shard of keys.all) {
    const args = { shards: keys.shards, now: nowMs, environment, lineage, flags: flagNames };
    const [code, theirs] = (await script.run(redis, shard, args)) as string[];
    if (code === 'other-shards') {
      throw new Error(
        `The store below "${keys.prefix}" has ${theirs} shard(s), this process is set to ${keys.shards}: set SHARDS=${theirs}`,
      );
    }
    if (code === 'other-environment') {
      throw new Error(
        `The store below "${keys.prefix}" belongs to ${theirs}, and ENVIRONMENT is ${environment}: set REDIS_URL or KEY_PREFIX to this environment's own store`,
      );
    }
    if (code === 'created') result = 'created';
  }
  return result;
}

/** A lineage that no store has had. */
export function createLineage(era: number): string {
  return formatLineage(era, randomBytes(5).toString('hex'));
}

/** The lowest that knows every command we use (`ZRANGE … BYSCORE`, `GETDEL`, `ZADD … GT`); Valkey calls itself 7.2. */
const lowest = [6, 2] as const;

/**
 * Throws when the engine is too old for us: said at the start, not by the first command that it does not know. An engine
 * that does not give its version (INFO is forbidden on some managed ones) is taken as it is.
 */
async function assertEngineVersion(redis: Redis): Promise<void> {
  const version = findVersion(await redis.info('server').catch(() => ''));
  if (version === undefined || !isBelow(version)) return;
  throw new Error(
    `Redis ${version} is too old: this service needs Redis ${lowest.join('.')} or later, or Valkey. Set REDIS_URL to one`,
  );
}

function findVersion(info: string): string | undefined {
  return /^redis_version:(\d+\.\d+[\w.]*)/m.exec(info)?.[1];
}

function isBelow(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < lowest[0] || (major === lowest[0] && minor < lowest[1]);
}
