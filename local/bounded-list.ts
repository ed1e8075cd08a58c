export interface BoundedList<T extends { readonly number: number }> {
  /** Newest first. */
  list(): readonly T[];
  find(number: number): T | undefined;
  /** Gives `item` its number and drops the oldest beyond the limit. */
  add(item: Omit<T, 'number'>): T;
  clear(): void;
  /** Calls `listener` after every change, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/** The newest of what was received, in memory. Numbers are never used twice, not even after `clear`. */
export function createBoundedList<T extends { readonly number: number }>(itemsMax: number): BoundedList<T> {
  let items: readonly T[] = [];
  let lastNumber = 0;
  const listeners = new Set<() => void>();
  const change = (next: readonly T[]): void => {
    items = next;
    for (const listener of listeners) listener();
  };
  return {
    list: () => items,
    find: (number) => items.find((item) => item.number === number),
    add: (item) => {
      const numbered = { ...item, number: (lastNumber += 1) } as T;
      change([numbered, ...items].slice(0, itemsMax));
      return numbered;
    },
    clear: () => change([]),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
