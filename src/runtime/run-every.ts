import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs a task again and again, never twice at the same time, with `everyMs` between an end and the next start.
 * A task that throws is reported and runs again. `stop` waits for the one under way.
 */
export function runEvery(
  everyMs: number,
  task: () => Promise<void>,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await task().catch(onError);
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const ended = run();
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
