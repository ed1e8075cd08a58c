import { expect, test } from 'vitest';
import { directionOf } from './text-direction.ts';

test.each([
  ['en', 'ltr'],
  ['fr-CA', 'ltr'],
  ['ar', 'rtl'],
  ['he', 'rtl'],
  ['fa-IR', 'rtl'],
  ['ur', 'rtl'],
  ['az-Arab', 'rtl'],
  ['az', 'ltr'],
  ['pa', 'ltr'],
  ['ckb', 'rtl'],
])('%s is written %s', (locale, direction) => {
  expect(directionOf(locale)).toBe(direction);
});
