import { describe, expect, test } from 'vitest';
import { type CapacityVerdict, judgeCapacity } from './capacity.ts';

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
