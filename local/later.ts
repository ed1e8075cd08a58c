export interface Later<T> {
  readonly promise: Promise<T>;
  /** Fulfils the promise; a second call does nothing. */
  readonly give: (value: T) => void;
}

/** A promise that somebody else fulfils: `Promise.withResolvers`, which Node 20 does not have. */
export function createLater<T>(): Later<T> {
  const gives: ((value: T) => void)[] = [];
  const promise = new Promise<T>((resolve) => gives.push(resolve));
  return { promise, give: (value) => gives[0]?.(value) };
}
