import { expect, test } from 'vitest';
import { gsm7Basic, gsm7Extension, isGsm7 } from './gsm-7.ts';

test('the basic alphabet has 127 characters besides the escape, the extension ten', () => {
  expect([gsm7Basic.size, gsm7Extension.size]).toEqual([127, 10]);
});

test.each([
  ['Hello {you} €5\n', true],
  ['Größe à Ç', true],
  ['ç', false],
  ['✓', false],
  ['“quoted”', false],
  ['', true],
])('%j fits GSM-7: %s', (text, fits) => {
  expect(isGsm7(text)).toBe(fits);
});
