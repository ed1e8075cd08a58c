import { setMaxListeners } from 'node:events';

/**
 * What runs when the process ends. Each acquisition pushes its hook; they run in reverse, once, all of them. Idea: the
 * releasers of graphile/worker.
 */
export interface ShutdownHooks {
  /** Aborted when `run` begins: what needs no order ends then. */
  readonly ending: AbortSignal;
  push(name: string, hook: (deadlineMs: number) => Promise<void> | void): void;
  /** Runs all hooks; one that takes longer than what is left of the deadline is named and left behind. */
  run(deadlineMs: number): Promise<readonly string[]>;
}

export function createShutdownHooks(now: () => number): ShutdownHooks {
  const stack: { readonly name: string; readonly release: (deadlineMs: number) => Promise<void> | void }[] =
    [];
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  return {
    ending: ending.signal,
    push: (name, release) => void stack.push({ name, release }),
    run: async (deadlineMs) => {
      const endAt = now() + deadlineMs;
      ending.abort();
      const faults: string[] = [];
      for (const { name, release } of stack.splice(0).toReversed()) {
        const leftMs = Math.max(50, endAt - now());
        const end = await runOne(release, leftMs);
        if (end !== undefined) faults.push(`${name}: ${end}`);
      }
      return faults;
    },
  };
}

async function runOne(
  release: (deadlineMs: number) => Promise<void> | void,
  leftMs: number,
): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`did not stop within ${Math.round(leftMs)} ms`), leftMs + 250);
  });
  try {
    const done = Promise.resolve(release(leftMs)).then(() => undefined);
    return await Promise.race([done, late]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
