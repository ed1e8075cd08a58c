import { expect, test } from 'vitest';
import { findNearestName } from './nearest-name.ts';

test.each([
  ['studnt_name', 'student_name'],
  ['STUDENT_NAME', 'student_name'],
  ['fristName', 'firstName'],
  ['nam', 'name'],
  ['student_name', 'student_name'],
  ['deadline_at', undefined],
  ['x', undefined],
  ['', undefined],
  ['a'.repeat(100_000), undefined],
])('%.20s is nearest to %s', (wrong, nearest) => {
  expect(findNearestName(wrong, ['name', 'student_name', 'firstName', 'amount'])).toBe(nearest);
});
