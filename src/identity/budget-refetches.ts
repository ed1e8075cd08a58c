import { putNewest } from '../domain/put-newest.ts';

export interface RefetchBudgetOptions {
  /** One more fetch is granted per this many milliseconds. */
  readonly refillMs: number;
  /** Most fetches that can be saved up. */
  readonly burst: number;
  /** A key id that the issuer has just been asked about in vain is not asked about again for this long. */
  readonly absentMs: number;
  readonly now: () => number;
}

/** How often a key id that we do not know may send us back to the issuer. */
export interface RefetchBudget {
  /** Takes one fetch from the budget if the key id is worth one. */
  take(kid: string): boolean;
  /** The issuer was asked and does not have this key. */
  remember(kid: string): void;
  /** The issuer has other keys now. */
  readonly forgetAll: () => void;
}

const absentKidsMax = 1000;

/**
 * Bounds the fetches that unknown key ids can cause to `burst + elapsed / refillMs`, whatever the flood. A client that
 * keeps sending one stale key id uses almost none of it, so that the budget is there when keys really rotate.
 */
export function budgetRefetches(options: RefetchBudgetOptions): RefetchBudget {
  const absentUntil = new Map<string, number>();
  let credits = options.burst;
  let refilledAt = options.now();

  const refill = (): void => {
    const grown = Math.floor((options.now() - refilledAt) / options.refillMs);
    credits = Math.min(options.burst, credits + grown);
    refilledAt += grown * options.refillMs;
  };

  return {
    take: (kid) => {
      refill();
      if (credits === 0 || options.now() < (absentUntil.get(kid) ?? 0)) return false;
      credits -= 1;
      return true;
    },
    // A flood of made-up ids pushes out entries, and only costs what is left of the budget.
    remember: (kid) => putNewest(absentUntil, kid, options.now() + options.absentMs, absentKidsMax),
    forgetAll: () => absentUntil.clear(),
  };
}
