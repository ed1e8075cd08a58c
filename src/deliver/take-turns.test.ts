import { expect, test } from 'vitest';
import { createTurns } from './take-turns.ts';

const take = (count: number, spreadMsMax = 60_000): number[] => {
  const turns = createTurns({ paceMs: 6_000, spreadMsMax });
  return Array.from({ length: count }, () => turns.take('domain:example.com', 1_000));
};

test('the first comes back when there is room, and each other one pace later', () => {
  expect(take(3)).toEqual([1_000, 7_000, 13_000]);
});

test('however many wait, no more come back in a minute than the pace allows, within the spread', () => {
  const turns = take(1_000, 600_000);
  const fullest = Math.max(
    ...turns.map((from) => turns.filter((at) => at >= from && at < from + 60_000).length),
  );
  // A thousand share a hundred turns.
  expect(fullest).toBe(100);
  expect(Math.max(...turns)).toBeLessThanOrEqual(601_000);
});

test('turns that have passed hold nobody up, and each window has its own', () => {
  const turns = createTurns({ paceMs: 6_000, spreadMsMax: 60_000 });
  turns.take('domain:example.com', 1_000);
  expect(turns.take('domain:example.com', 50_000)).toBe(50_000);
  expect(turns.take('domain:example.org', 50_000)).toBe(50_000);
});
