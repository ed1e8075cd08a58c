import { judgeProofOfLife, type ProofVerdict } from '../domain/proof-of-life.ts';
import { readProofOfLife } from '../guard/proof-of-life.ts';
import type { Foundation } from './build-foundation.ts';

/**
 * Builds the question how the proof of life stands; its answer is undefined when there is to be none. Any process may
 * ask. Throws `store-unavailable`.
 */
export function createProofJudge(foundation: Foundation): () => Promise<ProofVerdict | undefined> {
  const { configuration, redis, keys, monotonicNow } = foundation;
  const intervalMs = configuration.values.PROOF_OF_LIFE_SECONDS * 1_000;
  const startedAt = monotonicNow();
  return async () => {
    if (intervalMs === 0) return undefined;
    const facts = await readProofOfLife(redis.commands, keys);
    const watchedSinceMs = facts.nowMs - (monotonicNow() - startedAt);
    return judgeProofOfLife({ ...facts, intervalMs, watchedSinceMs });
  };
}

/** The age as a metric, read at each scrape; absent when it cannot be read, which an alert can see. */
export function exportProofAge(
  { metrics }: Foundation,
  judgeProof: ReturnType<typeof createProofJudge>,
): void {
  metrics.onCollect(async () => {
    metrics.setProofOfLifeAge(undefined);
    const verdict = await judgeProof();
    metrics.setProofOfLifeAge(verdict?.ageMs);
    return {};
  });
}
