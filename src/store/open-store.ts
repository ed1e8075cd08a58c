import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { flagNames } from '../domain/flags.ts';
import { formatLineage } from '../domain/store-mark.ts';
import type { Keys, ShardKeys } from './keys.ts';
import { callStore, loadScript } from './scripts.ts';

const script = loadScript(new URL('./open-store.lua', import.meta.url), {
  keys: ['store', 'gate'],
  args: ['shards', 'now', 'environment', 'lineage', 'epoch', '...flags'],
});

/**
 * Initialises every shard of an empty store, or checks that the store is ours. The gate of a new store is open:
 * the environment decides first, and run time can only be stricter. All shards have the lineage of the central one, which is
 * the first to be there; the gates of the others begin as stopped, older than any, until somebody has copied the central
 * one. So a process that dies half-way leaves what the next one completes.
 * Throws when the store was made with another number of shards, or by a service of another environment, and when its
 * engine is too old.
 */
export async function openStore(
  redis: Redis,
  keys: Keys,
  { nowMs, environment }: { readonly nowMs: number; readonly environment: string },
): Promise<'created' | 'opened'> {
  await assertEngineVersion(redis);
  const open = async (
    shard: ShardKeys,
    gate: NewGate,
  ): Promise<{ word: 'created' | 'opened'; lineage: string }> => {
    const args = { shards: keys.shards, now: nowMs, environment, ...gate };
    const [code, found = ''] = (await script.run(redis, shard, args)) as string[];
    if (code === 'other-shards') {
      throw new Error(
        `The store below "${keys.prefix}" has ${found} shard(s), this process is set to ${keys.shards}: set SHARDS=${found}`,
      );
    }
    if (code === 'other-environment') {
      throw new Error(
        `The store below "${keys.prefix}" belongs to ${found}, and ENVIRONMENT is ${environment}: set REDIS_URL or KEY_PREFIX to this environment's own store`,
      );
    }
    return { word: code === 'created' ? code : 'opened', lineage: found };
  };
  const { word, lineage } = await open(keys.central, {
    lineage: createLineage(1),
    epoch: 1,
    flags: flagNames,
  });
  await Promise.all(keys.all.slice(1).map((shard) => open(shard, { lineage, epoch: 0, flags: [] })));
  return word;
}

interface NewGate {
  readonly lineage: string;
  readonly epoch: number;
  readonly flags: readonly string[];
}

/** How many shards the store has, which only whoever is not told by a configuration asks; 1 where there is none. */
export async function readShards(redis: Redis, { central }: Pick<Keys, 'central'>): Promise<number> {
  const shards = await callStore('read shards', () => redis.hget(central.store, 'shards'));
  return /^[1-9]\d?$/.test(shards ?? '') ? Number(shards) : 1;
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
