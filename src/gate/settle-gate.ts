import type { Store } from '../store/keys.ts';
import { copyGate } from './copy-gate.ts';
import { type GateState, readGate } from './flags.ts';

/**
 * Reads the gate, and has every shard follow the central one where one does not: whoever changed it last may have died before
 * it had told all of them, and the shards of a new store have not been told yet. Throws `store-unavailable`.
 */
export async function settleGate(store: Store): Promise<GateState | undefined> {
  const gate = await readGate(store.redis, store.keys);
  if (gate?.copies.isLagging !== true) return gate;
  await copyGate(store, gate.fields);
  return await readGate(store.redis, store.keys);
}
