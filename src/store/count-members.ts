import type { Redis } from 'ioredis';
import type { Keys, ShardKeys } from './keys.ts';

/** How many members these sorted sets of all shards have together. */
export async function countMembers(
  redis: Redis,
  keys: Keys,
  choose: (keys: ShardKeys) => readonly string[],
): Promise<number> {
  const counts = await Promise.all(keys.all.flatMap(choose).map((set) => redis.zcard(set)));
  return counts.reduce((sum, count) => sum + count, 0);
}
