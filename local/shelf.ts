export interface Shelf<T extends { readonly number: number }> {
  /** Newest first. */
  list(): readonly T[];
  find(number: number): T | undefined;
  /** Gives the thing its number and drops the oldest beyond the limit. */
  put(thing: Omit<T, 'number'>): T;
  clear(): void;
  /** Calls `listener` after every change, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/** A bounded shelf in memory for what was received. Numbers are never used twice, not even after `clear`. */
export function createShelf<T extends { readonly number: number }>(thingsMax: number): Shelf<T> {
  let things: readonly T[] = [];
  let lastNumber = 0;
  const listeners = new Set<() => void>();
  const change = (next: readonly T[]): void => {
    things = next;
    for (const listener of listeners) listener();
  };
  return {
    list: () => things,
    find: (number) => things.find((thing) => thing.number === number),
    put: (thing) => {
      const numbered = { ...thing, number: (lastNumber += 1) } as T;
      change([numbered, ...things].slice(0, thingsMax));
      return numbered;
    },
    clear: () => change([]),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
