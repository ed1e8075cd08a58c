export interface Ticker {
  /** Runs the task at once and then again and again, until the signal aborts or `stop`. Starting anew restarts. */
  start(signal: AbortSignal): void;
  stop(): void;
}

/** A repeated look at the clock that never keeps the process alive. `task` must not throw. */
export function createTicker(everyMs: number, task: () => void): Ticker {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => clearInterval(timer);
  return {
    start: (signal) => {
      stop();
      if (signal.aborted) return;
      timer = setInterval(task, everyMs);
      timer.unref();
      signal.addEventListener('abort', stop, { once: true });
      task();
    },
    stop,
  };
}
