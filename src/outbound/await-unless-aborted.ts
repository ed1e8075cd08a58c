import { setMaxListeners } from 'node:events';

/**
 * The value of `work`, or `fallback` as soon as the signal aborts. The work itself goes on: others may be
 * waiting for the same call. `work` must not reject once abandoned.
 */
export async function awaitUnlessAborted<T>(work: Promise<T>, signal: AbortSignal, fallback: T): Promise<T> {
  if (signal.aborted) return fallback;
  // All that a worker does at once waits on its one signal; that is no leak, each wait removes its listener.
  setMaxListeners(0, signal);
  let abort: (() => void) | undefined;
  const aborted = new Promise<T>((resolve) => {
    abort = () => resolve(fallback);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}
