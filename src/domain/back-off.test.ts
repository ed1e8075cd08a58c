import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backOffMs } from './back-off.ts';

test('the pause is uniform below base × 2^(attempt-1)', () => {
  const backOff = { baseMs: 1_000, capMs: 1_000_000 };
  expect([1, 2, 3, 4].map((attempt) => backOffMs(backOff, attempt, 0.5))).toEqual([500, 1_000, 2_000, 4_000]);
  expect(backOffMs(backOff, 3, 0)).toBe(0);
});

test('the pause is a whole number from 0 up to the cap, however many attempts there were', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const pauseMs = backOffMs({ baseMs: 250, capMs: 60_000 }, attempt, random);
        expect(Number.isInteger(pauseMs)).toBe(true);
        expect(pauseMs).toBeGreaterThanOrEqual(0);
        expect(pauseMs).toBeLessThan(60_000);
      },
    ),
  );
});
