import { expect, test } from 'vitest';
import { parseRetryAfter } from './judge-status.ts';

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);

test.each([
  [undefined, undefined],
  ['30', 30_000],
  ['0', 0],
  ['Thu, 01 Jan 2026 12:00:10 GMT', 10_000],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['999999999', 3_600_000],
  ['9999999999', 3_600_000],
  ['1'.repeat(400), 3_600_000],
  ['120.5', 121_000],
  ['-5', undefined],
  ['+5', undefined],
  ['1e3', undefined],
  ['', undefined],
  ['soon', undefined],
])('Retry-After %j is %s ms, never negative and never over an hour', (header, waitMs) => {
  expect(parseRetryAfter(header, nowMs)).toBe(waitMs);
});
