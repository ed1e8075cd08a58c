import { setImmediate } from 'node:timers/promises';

/** Work of others waits no longer than this while items are handled that themselves wait for nothing. */
const turnMsMax = 10;

/**
 * The results in the order of the items, with at most `concurrency` of them under way at a time. Between two items the
 * event loop gets its turn when it has waited for long: a batch of which every item is refused is no exception.
 */
export async function runBounded<T, R>(
  items: readonly T[],
  concurrency: number,
  run: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const entries = items.entries();
  let turnBegan = performance.now();
  const work = async (): Promise<void> => {
    // One iterator shared by all workers: each item is taken once.
    for (const [index, item] of entries) {
      results[index] = await run(item);
      if (performance.now() - turnBegan < turnMsMax) continue;
      await setImmediate();
      turnBegan = performance.now();
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work));
  return results;
}
