import { describe, expect, test } from 'vitest';
import type { Measurement } from './benchmark.ts';
import { percentile, ratioOf, spreadOf, toFigure } from './statistics.ts';

describe('percentile', () => {
  test('the median of an even number of values lies between the two in the middle, whatever their order', () => {
    expect(percentile([9, 1, 3, 5], 0.5)).toBe(4);
  });

  test('the ends are the least and the most', () => {
    expect(spreadOf([5, 2, 8])).toEqual({ median: 5, low: 2, high: 8 });
  });

  test.each([[[]], [[1, Number.NaN]], [[1, Number.POSITIVE_INFINITY]]])(
    'a measurement that failed is never a figure: %j',
    (values) => {
      expect(() => percentile(values, 0.5)).toThrow(RangeError);
    },
  );
});

describe('ratioOf', () => {
  test('rounds are compared with each other, so noise that hits both sides of one cancels out', () => {
    // The medians alone would say 30 ÷ 50.
    expect(ratioOf({ ours: [100, 10, 30], theirs: [50, 5, 60] })).toEqual({ median: 2, low: 0.5, high: 2 });
  });

  test('a round that only one side has is refused', () => {
    expect(() => ratioOf({ ours: [1, 2], theirs: [1] })).toThrow('2 rounds beside 1');
  });

  test('nothing to compare with is no ratio', () => {
    expect(ratioOf({ ours: [1] })).toBeUndefined();
  });
});

describe('the verdict', () => {
  const intake: Measurement = {
    what: 'intake',
    unit: 'req/s',
    better: 'more',
    ours: [9, 10],
    theirs: [10, 10],
  };
  const stop: Measurement = { what: 'stop', unit: 'ms', better: 'less', ours: [40, 60] };

  test.each([
    [intake, { on: 'ratio', limit: 0.95 }, 'pass'],
    [intake, { on: 'ratio', limit: 0.96 }, 'MISSED'],
    [stop, { on: 'ours', limit: 50 }, 'pass'],
    [stop, { on: 'ours', limit: 49.9 }, 'MISSED'],
  ] as const)('%o against %o: %s', (figure, target, verdict) => {
    expect(toFigure({ ...figure, target }).verdict).toBe(verdict);
  });

  test('without a target there is none', () => {
    expect(toFigure(intake)).not.toHaveProperty('verdict');
  });

  test('a ratio target without anything to compare with is a mistake, not a pass', () => {
    expect(() => toFigure({ ...stop, target: { on: 'ratio', limit: 1 } })).toThrow('stop');
  });

  test('a round that is no number is a mistake, whether or not there is a target', () => {
    expect(() => toFigure({ ...intake, theirs: [10, 0] })).toThrow(RangeError);
    expect(() => toFigure({ ...stop, ours: [] })).toThrow(RangeError);
  });

  test.each([
    [[84, 100, 100], true],
    [[85, 100, 100], undefined],
  ])('rounds of %o: is the verdict weak? %s', (ours, isWide) => {
    const target = { on: 'ours', limit: 1 } as const;
    expect(toFigure({ ...intake, ours, theirs: [1, 1, 1], target }).isWide).toBe(isWide);
  });
});
