import { describe, expect, test } from 'vitest';
import { budgetRefetches } from './budget-refetches.ts';

describe('budgetRefetches', () => {
  test('a flood gets its burst and then one fetch per refill, never more', () => {
    let nowMs = 0;
    const budget = budgetRefetches({ refillMs: 30_000, burst: 3, absentMs: 60_000, now: () => nowMs });
    let granted = 0;
    for (nowMs = 0; nowMs < 300_000; nowMs += 100) if (budget.take(`kid-${nowMs}`)) granted += 1;
    expect(granted).toBe(3 + 9);
  });

  test('saves up no more than the burst', () => {
    let nowMs = 0;
    const budget = budgetRefetches({ refillMs: 1_000, burst: 2, absentMs: 1, now: () => nowMs });
    nowMs = 3_600_000;
    expect([1, 2, 3].map((one) => budget.take(`kid-${one}`))).toEqual([true, true, false]);
  });

  test('a key id that was asked about in vain takes nothing, until its time is over or the keys change', () => {
    let nowMs = 0;
    const budget = budgetRefetches({ refillMs: 1_000, burst: 5, absentMs: 60_000, now: () => nowMs });
    budget.remember('stale');
    nowMs = 59_999;
    expect(budget.take('stale')).toBe(false);
    nowMs = 60_000;
    expect(budget.take('stale')).toBe(true);
    budget.remember('stale');
    budget.forgetAll();
    expect(budget.take('stale')).toBe(true);
  });
});
