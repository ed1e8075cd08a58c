import type { Keys, ShardKeys } from './keys.ts';
import { callStore } from './scripts.ts';

/** What `ask` gets of every shard, all asked at once, in their order. Throws `store-unavailable` when one does not answer. */
export async function askShards<T>(
  what: string,
  { all }: Pick<Keys, 'all'>,
  ask: (shard: ShardKeys) => Promise<T>,
): Promise<T[]> {
  return await callStore(what, () => Promise.all(all.map(ask)));
}
