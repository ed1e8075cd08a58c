import type { ProofVerdict } from '../domain/proof-of-life.ts';
import { createDependencyReader, toDependencyReport } from '../http/dependency-check.ts';
import type { DependencyReport } from '../http/services.ts';
import type { KeySet } from '../identity/key-set.ts';
import { checkDurability, type Durability } from '../store/durability.ts';
import type { Foundation } from './build-foundation.ts';

/** Whether the store takes writes and keeps them; the metric of that follows. */
export async function checkStore({ configuration, redis, keys, metrics }: Foundation): Promise<Durability> {
  const found = await checkDurability(redis.commands, {
    attested: configuration.values.STORE_DURABILITY_ATTESTED,
    probeKey: `${keys.central.store}:probe`,
  });
  // Of a store that is away nobody knows whether it syncs.
  metrics.setStoreDurable(found.writable ? found.durable : undefined);
  return found;
}

/** What `/readyz`, `/health` and `/canary` ask. A worker asks neither for keys nor for the proof of life. */
export function createDependencyCheck(
  foundation: Foundation,
  keySet?: Pick<KeySet, 'health'>,
  judgeProof?: () => Promise<ProofVerdict | undefined>,
): () => Promise<DependencyReport> {
  return async () => {
    const store = await checkStore(foundation);
    return await toDependencyReport({ store, issuer: keySet?.health(), judgeProof });
  };
}

/** How long a scrape waits for the store to take a write. */
const scrapeWaitMs = 800;

/** Shows at each scrape whether the store takes writes, as this process sees it: also when it does not answer. */
export function exportStoreState({ metrics, now }: Foundation, check: () => Promise<DependencyReport>): void {
  const dependencies = createDependencyReader(check, now);
  metrics.onCollect(async () => {
    const { store } = await dependencies.read(scrapeWaitMs);
    metrics.setStoreWritable(store.ok);
    return {};
  });
}
