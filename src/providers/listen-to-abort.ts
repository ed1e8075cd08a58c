import { setMaxListeners } from 'node:events';

/**
 * Calls `listener` once when the signal aborts, unless the returned function was called before. Many attempts
 * share one signal (the worker's shutdown, the stop), so Node's warning about many listeners is switched off.
 */
export function listenToAbort(signal: AbortSignal, listener: () => void): () => void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
