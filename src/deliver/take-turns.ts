import { putNewest } from '../domain/put-newest.ts';

/** Hands out instants to those who wait for the same limit, so that they do not all come back for one free place. */
export interface Turns {
  /** When to come back for `what`, not before `fromMs`. */
  take(what: string, fromMs: number): number;
}

const namesMax = 10_000;

/**
 * Turns `paceMs` apart. After `spreadMsMax` they begin anew: a place that somebody left early is found by the next in
 * that time. Each worker spaces its own, so what asks again is bounded by the pace and not by how much waits.
 */
export function createTurns(options: { readonly paceMs: number; readonly spreadMsMax: number }): Turns {
  const lastTurns = new Map<string, number>();
  return {
    take: (what, fromMs) => {
      const next = (lastTurns.get(what) ?? -Infinity) + options.paceMs;
      const turn = next < fromMs || next > fromMs + options.spreadMsMax ? fromMs : next;
      // Those that were used longest ago have passed; one forgotten too early costs an ask.
      putNewest(lastTurns, what, turn, namesMax);
      return Math.ceil(turn);
    },
  };
}
