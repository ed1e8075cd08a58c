/** How full the service is. */
export interface CapacityFigures {
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
  { memoryShare = 0, backlog }: CapacityFigures,
  budget: CapacityBudget,
): CapacityVerdict {
  const factor = (what: 'memory' | 'backlog'): number =>
    before.kind === 'full' && before.what === what ? reopenShare : 1;
  if (memoryShare > budget.memoryShareMax * factor('memory')) return { kind: 'full', what: 'memory' };
  if (backlog > budget.backlogMax * factor('backlog')) return { kind: 'full', what: 'backlog' };
  return { kind: 'open' };
}
