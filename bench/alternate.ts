/** What both sides measured, round by round. */
export interface Rounds<Ours, Theirs> {
  readonly ours: readonly Ours[];
  readonly theirs: readonly Theirs[];
}

/**
 * Measures the two sides in turn, A/B A/B, so that a machine that gets slower or busier does so for both. Each side
 * runs before, uncounted (once when `warmUps` is absent), so that neither pays for its own compilation.
 */
export async function alternate<Ours, Theirs>(
  { rounds, warmUps = 1 }: { readonly rounds: number; readonly warmUps?: number },
  measureOurs: () => Promise<Ours>,
  measureTheirs: () => Promise<Theirs>,
): Promise<Rounds<Ours, Theirs>> {
  for (let round = 0; round < warmUps; round += 1) {
    await measureOurs();
    await measureTheirs();
  }
  const ours: Ours[] = [];
  const theirs: Theirs[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await measureOurs());
    theirs.push(await measureTheirs());
  }
  return { ours, theirs };
}

/** One value of each round, of both sides, as a figure wants it. */
export function pick<Round>(
  rounds: Rounds<Round, Round>,
  read: (round: Round) => number,
): { readonly ours: readonly number[]; readonly theirs: readonly number[] } {
  return { ours: rounds.ours.map(read), theirs: rounds.theirs.map(read) };
}
