import { describe, expect, test } from 'vitest';
import { type CapacityVerdict, findBurden, judgeCapacity } from './capacity.ts';

const budget = { memoryShareMax: 0.7, backlogMax: 1_000 };
const open: CapacityVerdict = { kind: 'open' };
const memory: CapacityVerdict = { kind: 'full', what: 'memory' };
const backlog: CapacityVerdict = { kind: 'full', what: 'backlog' };

describe('the capacity budget', () => {
  test.each([
    [open, 0.7, 1_000, open],
    [open, 0.701, 0, memory],
    [open, undefined, 1_001, backlog],
    [open, undefined, 0, open],
    [memory, 0.64, 0, memory],
    [memory, 0.63, 0, open],
    [backlog, 0, 901, backlog],
    [backlog, 0, 900, open],
    [memory, 0.5, 950, open],
    [backlog, 0.9, 0, memory],
  ])('%j with memory %s and backlog %i is %j', (before, memoryShare, waiting, verdict) => {
    expect(judgeCapacity(before, { memoryShare, backlog: waiting }, budget)).toEqual(verdict);
  });
});

describe('what a request costs as the budget fills', () => {
  test.each([
    [undefined, 0, 1],
    [0.35, 500, 1],
    [0.35, 750, 2],
    [0.63, 0, 5],
    [0.1, 990, 50],
    [undefined, 1_000, 1_000],
    [0.9, 0, 1_000],
  ])('with memory %s and backlog %i: %d times its price', (memoryShare, waiting, burden) => {
    expect(findBurden({ memoryShare, backlog: waiting }, budget)).toBeCloseTo(burden);
  });

  test('one client that floods never fills the budget, and another that brings little is never refused', () => {
    const ratePerMinute = 6_000;
    const littlePerMinute = 1;
    let waiting = 0;
    for (let minute = 0; minute < 20_000; minute += 1) {
      const allowed =
        ratePerMinute /
        findBurden(
          { memoryShare: undefined, backlog: waiting },
          { memoryShareMax: 0.7, backlogMax: 1_000_000 },
        );
      expect(allowed).toBeGreaterThanOrEqual(littlePerMinute);
      // Ten a minute leave, as the limit on sending has it by default.
      waiting += allowed + littlePerMinute - 10;
    }
    expect(waiting).toBeGreaterThan(990_000);
    expect(waiting).toBeLessThan(1_000_000);
  });
});
