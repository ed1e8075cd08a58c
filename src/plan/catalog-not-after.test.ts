import { expect, test } from 'vitest';
import { resolveNotAfterMs } from './catalog-not-after.ts';

const accepted = Date.parse('2026-12-02T15:00:00Z');

test.each([
  ['2026-12-04T22:00:00Z', '2026-12-04T22:00:00.000Z'],
  ['2026-12-04T22:00:00-05:00', '2026-12-05T03:00:00.000Z'],
  ['2026-12-04', '2026-12-05T00:00:00.000Z'],
])('a deadline of %s is a fence at %s', (deadline, expected) => {
  const fence = resolveNotAfterMs({ kind: 'field', field: 'deadline' }, { deadline }, accepted);
  expect(new Date(fence ?? 0).toISOString()).toBe(expected);
});

test('a span counts from acceptance', () => {
  expect(resolveNotAfterMs({ kind: 'after', afterMs: 1000 }, {}, accepted)).toBe(accepted + 1000);
});

test('an absent field sets no fence', () => {
  expect(resolveNotAfterMs({ kind: 'field', field: 'deadline' }, {}, accepted)).toBeUndefined();
});
