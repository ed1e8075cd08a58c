import { dayMs } from '../../src/domain/instant.ts';
import type { Category } from '../../src/domain/message.ts';
import type { MessageFacts } from './message-model.ts';

/** What is remembered of one address. `last` is by category. */
export interface RecipientCounts {
  readonly last: ReadonlyMap<Category, number>;
  readonly day: number;
  readonly dayCount: number;
  readonly failures: number;
  readonly notBefore: number;
}

/** What a permit counts for its recipient. */
export function countRecipient(counts: RecipientCounts, category: Category, nowMs: number): RecipientCounts {
  const day = Math.floor(nowMs / dayMs);
  return {
    ...counts,
    last: new Map(counts.last).set(category, nowMs),
    day,
    dayCount: counts.day === day ? counts.dayCount + 1 : 1,
  };
}

/**
 * Takes back what the claim counted for its recipient. The interval stays when another message was permitted since,
 * and a day that is over is not corrected.
 */
export function uncountRecipient(
  counts: RecipientCounts,
  category: Category,
  claim: Pick<MessageFacts, 'claimedAt' | 'lastBefore'>,
): RecipientCounts {
  const last = new Map(counts.last);
  if (last.get(category) === claim.claimedAt) {
    if (claim.lastBefore === undefined) last.delete(category);
    else last.set(category, claim.lastBefore);
  }
  const sameDay = counts.day === Math.floor((claim.claimedAt ?? 0) / dayMs);
  return { ...counts, last, dayCount: sameDay ? Math.max(0, counts.dayCount - 1) : counts.dayCount };
}

/** A failed attempt makes the recipient wait, twice as long each time, for a day at most; a good one forgets. */
export function backOffRecipient(counts: RecipientCounts, baseMs: number, nowMs: number): RecipientCounts {
  const failures = counts.failures + 1;
  return { ...counts, failures, notBefore: nowMs + Math.min(baseMs * 2 ** (failures - 1), dayMs) };
}
