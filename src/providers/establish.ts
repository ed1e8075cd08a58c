import { addAbortListener, type EventEmitter } from 'node:events';
import { ProviderUnavailable } from './provider.ts';

interface Establishment<E extends Error> {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Makes the connection ready and calls `done`, with the error where it came to nothing. */
  readonly begin: (done: (error?: E | ProviderUnavailable | null) => void) => void;
  readonly destroy: () => void;
  readonly toUnavailable: (error: E) => ProviderUnavailable;
}

/**
 * Resolves to the connection once it is ready for its first message. When it emits an error, is not ready within
 * `timeoutMs`, or the signal aborts, it is destroyed and the reason is a `ProviderUnavailable`.
 */
export async function establish<C extends EventEmitter, E extends Error>(
  connection: C,
  { signal, timeoutMs, begin, destroy, toUnavailable }: Establishment<E>,
): Promise<C> {
  const { promise, resolve, reject } = Promise.withResolvers<C>();
  const fail = (error: E | ProviderUnavailable): void =>
    reject(error instanceof ProviderUnavailable ? error : toUnavailable(error));
  const giveUp = (code: string, detail: string) => (): void => reject(new ProviderUnavailable(code, detail));
  const timer = setTimeout(giveUp('connect-timeout', 'no connection in time'), timeoutMs);
  const waiting = addAbortListener(signal, giveUp('gave-up-waiting', 'the caller gave up while connecting'));
  // Never removed: what happens to an idle connection later is seen by asking whether it is alive.
  connection.on('error', fail);
  try {
    begin((error) => (error ? fail(error) : resolve(connection)));
    return await promise;
  } catch (error) {
    destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    waiting[Symbol.dispose]();
  }
}

/** True for the error codes by which Node's TLS says that it does not trust, or cannot talk to, the other side. */
export function isTlsError(code: string | undefined): boolean {
  return code !== undefined && /^(?:ERR_TLS|ERR_SSL|CERT_)|_CERT|VERIFY|SELF_SIGNED|EPROTO/.test(code);
}
