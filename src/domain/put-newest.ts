/** A part of a full map. To find the first entry costs a walk past all those that were deleted before it. */
const partThatGoes = 1 / 16;

/** Puts an entry last. A map that is full loses its first entries: those that were put there longest ago. */
export function putNewest<T>(entries: Map<string, T>, key: string, entry: T, entriesMax: number): void {
  entries.delete(key);
  if (entries.size >= entriesMax) {
    let left = Math.ceil(entriesMax * partThatGoes);
    for (const oldest of entries.keys()) {
      entries.delete(oldest);
      left -= 1;
      if (left <= 0) break;
    }
  }
  entries.set(key, entry);
}
