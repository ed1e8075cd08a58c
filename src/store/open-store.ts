import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { flagNames } from '../domain/flags.ts';
import { formatLineage } from '../domain/store-mark.ts';
import { assertEngineVersion } from './engine-version.ts';
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
  let answer: 'created' | 'opened' = 'opened';
  const lineage = createLineage(1);
  for (let shard = 0; shard < keys.shards; shard += 1) {
    const args = { shards: keys.shards, now: nowMs, environment, lineage, flags: flagNames };
    const [word, theirs] = (await script.run(redis, keys.shard(shard), args)) as string[];
    if (word === 'other-shards') {
      throw new Error(
        `The store below "${keys.prefix}" has ${theirs} shard(s), this process is set to ${keys.shards}: set SHARDS=${theirs}`,
      );
    }
    if (word === 'other-environment') {
      throw new Error(
        `The store below "${keys.prefix}" belongs to ${theirs}, and ENVIRONMENT is ${environment}: set REDIS_URL or KEY_PREFIX to this environment's own store`,
      );
    }
    if (word === 'created') answer = 'created';
  }
  return answer;
}

/** A lineage that no store has had. */
export function createLineage(era: number): string {
  return formatLineage(era, randomBytes(5).toString('hex'));
}
