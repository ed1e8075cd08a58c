import type { ProofVerdict } from '../domain/proof-of-life.ts';
import { createDependencyReader } from '../http/dependency-check.ts';
import type { DependencyReport } from '../http/services.ts';
import type { KeySet } from '../identity/key-set.ts';
import { checkDurability } from '../store/durability.ts';
import type { Foundation } from './build-foundation.ts';

export interface DependencyCheck {
  check(): Promise<DependencyReport>;
}

/**
 * What `/readyz`, `/health` and `/canary` ask: the store with a write, its durability, the issuer's keys, and whether
 * the proof of life comes back.
 */
export function createDependencyCheck(
  foundation: Foundation,
  keySet?: Pick<KeySet, 'health'>,
  judgeProof?: () => Promise<ProofVerdict | undefined>,
): DependencyCheck {
  const { configuration, redis, keys, metrics } = foundation;
  return {
    check: async () => {
      const last = await checkDurability(redis.commands, {
        attested: configuration.values.STORE_DURABILITY_ATTESTED,
        probeKey: `${keys.shard(0).store}:probe`,
      });
      // Of a store that is away nobody knows whether it syncs.
      metrics.setStoreDurable(last.writable ? last.durable : undefined);
      const issuer = keySet?.health() ?? { ok: true, detail: 'not asked by this process' };
      return {
        store: { ok: last.writable, detail: last.writable ? 'takes writes' : last.detail },
        store_durable: { ok: last.durable, detail: last.detail },
        issuer: { ok: issuer.ok, detail: issuer.detail },
        ...(await describeProof(judgeProof)),
      };
    },
  };
}

/** How long a scrape waits for the store to take a write. */
const scrapeWaitMs = 800;

/** Shows at each scrape whether the store takes writes, as this process sees it: also when it does not answer. */
export function exportStoreState(
  { metrics, now }: Pick<Foundation, 'metrics' | 'now'>,
  check: () => Promise<DependencyReport>,
): void {
  const dependencies = createDependencyReader(check, now);
  metrics.onCollect(async () => {
    const { store } = await dependencies.read(scrapeWaitMs);
    metrics.setStoreWritable(store.ok);
    return {};
  });
}

async function describeProof(
  judgeProof: (() => Promise<ProofVerdict | undefined>) | undefined,
): Promise<Pick<DependencyReport, 'proof_of_life'>> {
  try {
    const verdict = await judgeProof?.();
    return verdict === undefined ? {} : { proof_of_life: { ok: verdict.ok, detail: verdict.detail } };
  } catch {
    return { proof_of_life: { ok: false, detail: 'the store cannot tell' } };
  }
}
