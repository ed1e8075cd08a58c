/** Puts an entry last. A map that is full loses its first entry: the one that was put there longest ago. */
export function putNewest<T>(entries: Map<string, T>, key: string, entry: T, entriesMax: number): void {
  entries.delete(key);
  const [oldest] = entries.keys();
  if (entries.size >= entriesMax && oldest !== undefined) entries.delete(oldest);
  entries.set(key, entry);
}
