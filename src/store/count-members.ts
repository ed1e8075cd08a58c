import type { Redis } from 'ioredis';
import type { Keys, ShardKeys } from './keys.ts';

/** How many members these sorted sets of all shards have together. */
export async function countMembers(
  redis: Redis,
  keys: Keys,
  choose: (keys: ShardKeys) => readonly string[],
): Promise<number> {
  const sets = Array.from({ length: keys.shards }, (_, shard) => choose(keys.shard(shard))).flat();
  const counts = await Promise.all(sets.map((set) => redis.zcard(set)));
  return counts.reduce((sum, count) => sum + count, 0);
}
