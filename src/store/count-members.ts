import type { Redis } from 'ioredis';
import { askShards } from './ask-shards.ts';
import type { Keys, ShardKeys } from './keys.ts';

/** How many members these sorted sets of all shards have together. Throws `store-unavailable`. */
export async function countMembers(
  redis: Redis,
  keys: Keys,
  choose: (keys: ShardKeys) => readonly string[],
): Promise<number> {
  const counts = await askShards('count members', keys, (shard) =>
    Promise.all(choose(shard).map((set) => redis.zcard(set))),
  );
  return counts.flat().reduce((sum, count) => sum + count, 0);
}
