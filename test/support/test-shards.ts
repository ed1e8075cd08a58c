import type { ShardKeys } from '../../src/store/keys.ts';

/** How many shards the stores of these tests have: `vitest.config.ts` runs the suites with one and with four. */
export const testShards = Number(process.env['TEST_SHARDS'] ?? 1);

/** The members of a sorted set of every shard, shard by shard. */
export async function listMembers(
  redis: { zrange(key: string, from: string, to: string): Promise<string[]> },
  keys: { readonly all: readonly ShardKeys[] },
  choose: (shard: ShardKeys) => string,
): Promise<string[]> {
  const members = await Promise.all(keys.all.map((shard) => redis.zrange(choose(shard), '0', '-1')));
  return members.flat();
}
