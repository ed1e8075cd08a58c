import { setTimeout as delay } from 'node:timers/promises';

type ShutdownHook = (deadlineMs: number) => Promise<void> | void;

/**
 * What runs when the process ends. Each acquisition pushes its hook; they run in reverse, once, all of them. Idea: the
 * releasers of graphile/worker.
 */
export interface ShutdownHooks {
  /** Aborted when `run` begins: what needs no order ends then. */
  readonly ending: AbortSignal;
  push(name: string, hook: ShutdownHook): void;
  /** Runs all hooks; one that takes longer than what is left of the deadline is named and left behind. */
  run(deadlineMs: number): Promise<readonly string[]>;
}

export function createShutdownHooks(now: () => number): ShutdownHooks {
  const stack: { readonly name: string; readonly hook: ShutdownHook }[] = [];
  const ending = new AbortController();
  return {
    ending: ending.signal,
    push: (name, hook) => void stack.push({ name, hook }),
    run: async (deadlineMs) => {
      const endAt = now() + deadlineMs;
      ending.abort();
      const failures: string[] = [];
      for (const { name, hook } of stack.splice(0).toReversed()) {
        const failure = await runHook(hook, Math.max(50, endAt - now()));
        if (failure !== undefined) failures.push(`${name}: ${failure}`);
      }
      return failures;
    },
  };
}

/** Why the hook did not do its work; `undefined` when it did. */
async function runHook(hook: ShutdownHook, leftMs: number): Promise<string | undefined> {
  const ended = new AbortController();
  const late = `did not stop within ${Math.round(leftMs)} ms`;
  try {
    const done = Promise.resolve(hook(leftMs)).then(() => undefined);
    return await Promise.race([done, delay(leftMs + 250, late, { signal: ended.signal })]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    ended.abort();
  }
}
