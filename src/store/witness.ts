import type { StoreMark } from '../domain/store-mark.ts';

/**
 * Remembers outside the store how far the store has come, so that a store that is put back in time is noticed and a
 * stop is not forgotten with it. It must not be backed up, restored or lost together with the store.
 */
export interface Witness {
  /** The furthest mark that anybody left; `undefined` when there is none. Rejects when it cannot be read. */
  read(): Promise<StoreMark | undefined>;
  /** On disk when it resolves. It never lowers what it has. Rejects when it cannot be written. */
  raise(mark: StoreMark): Promise<void>;
  close(): void;
}

/** The longest that a stop, or a process that starts, waits for it. */
export const witnessTimeoutMs = 2_000;
