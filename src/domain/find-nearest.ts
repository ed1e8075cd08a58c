/** Names that people write are not as long. */
const lettersMax = 60;

/**
 * The names that somebody may have meant by `word`, nearest first: at most a third of its letters are wrong, missing,
 * added or swapped. Empty when none is near.
 */
export function findNearest(word: string, names: readonly string[]): readonly string[] {
  if (word.length > lettersMax) return [];
  const most = Math.max(1, Math.floor(word.length / 3));
  return names
    .map((name) => ({ name, distance: measureDistance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .sort((one, other) => one.distance - other.distance)
    .map(({ name }) => name);
}

/** Edits between two words (optimal string alignment); both are short, so the square is small. */
function measureDistance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let at = 1; at <= from.length; at += 1) {
    const next = [at];
    for (let column = 1; column <= to.length; column += 1) {
      const cost = from[at - 1] === to[column - 1] ? 0 : 1;
      const isSwap = from[at - 1] === to[column - 2] && from[at - 2] === to[column - 1];
      next[column] = Math.min(
        take(next, column - 1) + 1,
        take(row, column) + 1,
        take(row, column - 1) + cost,
        isSwap ? take(before, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = row;
    row = next;
  }
  return row.at(-1) ?? Number.POSITIVE_INFINITY;
}

function take(cells: readonly number[], column: number): number {
  return cells[column] ?? Number.POSITIVE_INFINITY;
}
