/** How full the service is. */
export interface CapacityFacts {
  /** Share of the store's memory that is used, 0 to 1; undefined when the store has no limit. */
  readonly memoryShare: number | undefined;
  /** Events and messages that are not done yet. */
  readonly backlog: number;
}

export interface CapacityBudget {
  readonly memoryShareMax: number;
  readonly backlogMax: number;
}

export type CapacityVerdict =
  | { readonly kind: 'open' }
  | { readonly kind: 'full'; readonly what: 'memory' | 'backlog' };

/** Intake that was closed opens again below this share of the budget: it does not flutter at the edge. */
const reopenShare = 0.9;

/** Full above the budget; once full, open again only when well below it. */
export function judgeCapacity(
  before: CapacityVerdict,
  { memoryShare = 0, backlog }: CapacityFacts,
  budget: CapacityBudget,
): CapacityVerdict {
  const factor = (what: 'memory' | 'backlog'): number =>
    before.kind === 'full' && before.what === what ? reopenShare : 1;
  if (memoryShare > budget.memoryShareMax * factor('memory')) return { kind: 'full', what: 'memory' };
  if (backlog > budget.backlogMax * factor('backlog')) return { kind: 'full', what: 'backlog' };
  return { kind: 'open' };
}

/** Up to this part of its budget the service is as open as its limits say. */
const easyShare = 0.5;
const burdenMax = 1_000;

/**
 * How many times its price a request costs its client, 1 while there is room. Beyond half of the budget it grows as what
 * is left shrinks: all clients are held to the same, ever lower rate, so the one that floods is slowed and never fills
 * the rest alone, and those that bring little notice nothing.
 */
export function findBurden({ memoryShare = 0, backlog }: CapacityFacts, budget: CapacityBudget): number {
  const filled = Math.max(memoryShare / budget.memoryShareMax, backlog / budget.backlogMax);
  if (filled <= easyShare) return 1;
  return filled >= 1 ? burdenMax : Math.min(burdenMax, (1 - easyShare) / (1 - filled));
}
