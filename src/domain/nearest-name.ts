/**
 * The one of `names` that somebody who wrote `wrong` most likely meant: at most a third of its letters are added,
 * dropped or replaced (Levenshtein). `undefined` when none is near. For words of people, a few dozen letters long.
 */
export function findNearestName(wrong: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(Math.min(wrong.length, lettersMax) / 3)) + 1;
  for (const name of names) {
    const distance = countEdits(wrong.slice(0, lettersMax).toLowerCase(), name.slice(0, lettersMax).toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

const lettersMax = 64;

function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
