import { expect, test } from 'vitest';
import { resolveNotAfterMs } from './catalog-not-after.ts';

const acceptedAtMs = Date.parse('2026-12-02T15:00:00Z');
const deadlineRule = { kind: 'field', field: 'deadline' } as const;

test.each<readonly [string, string | undefined, string]>([
  ['2026-12-04T22:00:00Z', 'UTC', '2026-12-04T22:00:00.000Z'],
  ['2026-12-04T22:00:00-05:00', 'UTC', '2026-12-05T03:00:00.000Z'],
  // The forms of PostgreSQL, lower case and offsets of hours: whatever the door takes sets a `not_after`.
  ['2026-12-04 22:00:00+00', 'UTC', '2026-12-04T22:00:00.000Z'],
  ['2026-12-04T22:00:00+05', 'America/New_York', '2026-12-04T17:00:00.000Z'],
  ['2026-12-04t22:00:00z', undefined, '2026-12-04T22:00:00.000Z'],
  // A bare date lasts as long as the reader's day does, or any reader's.
  ['2026-12-04', 'UTC', '2026-12-05T00:00:00.000Z'],
  ['2026-12-04', 'America/Los_Angeles', '2026-12-05T08:00:00.000Z'],
  ['2026-12-04', 'Asia/Tokyo', '2026-12-04T15:00:00.000Z'],
  ['2026-12-04', undefined, '2026-12-05T12:00:00.000Z'],
])('a deadline of %s for a reader in %s is a not_after of %s', (deadline, timeZone, expected) => {
  const notAfter = resolveNotAfterMs(deadlineRule, { deadline }, { acceptedAtMs, timeZone });
  expect(new Date(notAfter ?? 0).toISOString()).toBe(expected);
});

test('a span counts from acceptance', () => {
  const rule = { kind: 'after', afterMs: 1000 } as const;
  expect(resolveNotAfterMs(rule, {}, { acceptedAtMs, timeZone: 'UTC' })).toBe(acceptedAtMs + 1000);
});

test.each([[undefined], ['soon'], [20261204], [null]])('a deadline of %j sets no not_after', (deadline) => {
  expect(resolveNotAfterMs(deadlineRule, { deadline }, { acceptedAtMs, timeZone: 'UTC' })).toBeUndefined();
});
