import type { Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import { loadScript } from './scripts.ts';

const script = loadScript(new URL('./open-store.lua', import.meta.url));

/**
 * Initialises every shard of an empty store, or checks that the store is ours. The gate of a new store is open:
 * the environment decides first, and run time can only be stricter.
 * Throws when the store was made with another number of shards.
 */
export async function openStore(redis: Redis, keys: Keys, nowMs: number): Promise<'created' | 'opened'> {
  let answer: 'created' | 'opened' = 'opened';
  for (let shard = 0; shard < keys.shards; shard += 1) {
    const { store, gate } = keys.shard(shard);
    const [word, theirs] = (await script.run(redis, [store, gate], [keys.shards, nowMs])) as string[];
    if (word === 'other-shards') {
      throw new Error(
        `The store below "${keys.prefix}" has ${theirs} shard(s), this process is set to ${keys.shards}: set SHARDS=${theirs}`,
      );
    }
    if (word === 'created') answer = 'created';
  }
  return answer;
}
