export interface WaitOptions {
  /** 15 s by default: it ends as soon as the condition holds, and machines are busy. */
  readonly deadlineMs?: number;
  /** Time between two looks, 10 ms by default. */
  readonly everyMs?: number;
}

/**
 * Resolves with the first value of `look` for which `isDone` holds; rejects at the deadline, naming what was waited
 * for and the last state seen. It replaces every sleep in a test.
 */
export async function waitFor<T>(
  what: string,
  look: () => T | Promise<T>,
  isDone: (state: T) => boolean,
  options: WaitOptions = {},
): Promise<T> {
  const { deadlineMs = 15_000, everyMs = 10 } = options;
  const deadlineAt = performance.now() + deadlineMs;
  for (;;) {
    const state = await look();
    if (isDone(state)) return state;
    if (performance.now() > deadlineAt) {
      throw new Error(`${what}: not within ${deadlineMs} ms; last state seen: ${JSON.stringify(state)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
