import { addAbortListener } from 'node:events';

/**
 * The value of `work`, or `fallback` as soon as the signal aborts. The work itself goes on: others may be
 * waiting for the same call. `work` must not reject once abandoned.
 */
export async function awaitUnlessAborted<T>(work: Promise<T>, signal: AbortSignal, fallback: T): Promise<T> {
  if (signal.aborted) return fallback;
  const aborted = Promise.withResolvers<T>();
  const listening = addAbortListener(signal, () => aborted.resolve(fallback));
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    listening[Symbol.dispose]();
  }
}
