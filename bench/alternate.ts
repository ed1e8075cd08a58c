/** What each side measured, round by round. */
export type Rounds<Side extends string, Round> = Readonly<Record<Side, readonly Round[]>>;

/**
 * Measures the sides in turn, A/B B/A, so that a machine that gets slower or busier does so for all of them, and none is
 * always the one that runs in the wake of another. Each side runs before, uncounted (once when `warmUps` is absent), so
 * that none pays for its own compilation.
 */
export async function alternate<Side extends string, Round>(
  { rounds, warmUps = 1 }: { readonly rounds: number; readonly warmUps?: number },
  sides: Readonly<Record<Side, () => Promise<Round>>>,
): Promise<Rounds<Side, Round>> {
  const names = Object.keys(sides) as Side[];
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, Round[]>;
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const result = await sides[name]();
      if (round >= 0) measured[name].push(result);
    }
  }
  return measured;
}

/** One value of each round, of both sides, as a figure wants it. */
export function pick<Round>(
  { ours, theirs }: Rounds<'ours' | 'theirs', Round>,
  read: (round: Round) => number,
): { readonly ours: readonly number[]; readonly theirs: readonly number[] } {
  return { ours: ours.map(read), theirs: theirs.map(read) };
}
