/**
 * Runs the task at once and then again and again, until the signal aborts. Never keeps the process alive. `task` must
 * not throw.
 */
export function startTicker(everyMs: number, task: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  const timer = setInterval(task, everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  task();
}
