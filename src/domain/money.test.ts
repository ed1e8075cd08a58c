import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withShortTitles } from '../../test/support/short-titles.ts';
import { currencyExponent, parseAmount } from './money.ts';

test.each<readonly [string, number | undefined]>([
  ['USD', 2],
  ['EUR', 2],
  // CLDR prints these without decimals; their minor unit is a hundredth all the same.
  ...['HUF', 'IDR', 'COP', 'PKR', 'LBP', 'IRR', 'ALL', 'AFN', 'MMK', 'YER', 'KPW'].map(
    (code) => [code, 2] as const,
  ),
  ...['JPY', 'KRW', 'VND', 'CLP', 'ISK', 'UGX', 'XAF', 'XOF', 'XPF', 'PYG'].map((code) => [code, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3] as const),
  ['CLF', 4],
  ['UYW', 4],
  // Metals, drawing rights, tests, nothing; no codes.
  ...['XAU', 'XDR', 'XTS', 'XXX', 'usd', 'US', 'USDX', 'ZZZ', 'dollars', '', '__proto__'].map(
    (code) => [code, undefined] as const,
  ),
])('%s has %s decimals by ISO 4217', (code, exponent) => {
  expect(currencyExponent(code)).toBe(exponent);
});

const amounts: readonly (readonly [unknown, number, string | undefined])[] = [
  ['29.00', 2, '29'],
  ['29', 2, '29'],
  ['29.5', 2, '29.50'],
  ['29.99', 2, '29.99'],
  ['29.990', 2, '29.99'],
  ['0.10', 2, '0.10'],
  ['-5.25', 2, '-5.25'],
  ['1500.00', 0, '1500'],
  ['1500', 0, '1500'],
  ['12.345', 3, '12.345'],
  ['12.3450', 3, '12.345'],
  ['9007199254740991.99', 2, '9007199254740991.99'],
  [2900, 2, '29'],
  [5, 2, '0.05'],
  [-1, 2, '-0.01'],
  [1500, 0, '1500'],
  [12_345, 3, '12.345'],
  [9_007_199_254_740_991, 2, '90071992547409.91'],
  [0, 2, '0'],
  ['29.999', 2, undefined],
  ['1500.5', 0, undefined],
  ['1,500', 2, undefined],
  ['$29', 2, undefined],
  ['1e3', 2, undefined],
  ['.5', 2, undefined],
  ['5.', 2, undefined],
  ['+5', 2, undefined],
  [' 5', 2, undefined],
  ['12345678901234567', 2, undefined],
  [`1.${'0'.repeat(200_000)}`, 2, undefined],
  [29.99, 2, undefined],
  [2 ** 53, 2, undefined],
  [null, 2, undefined],
  ['', 2, undefined],
];
test.each(withShortTitles(amounts))('%s is read as it stands', (_name, amount, exponent, decimal) => {
  const parsed = parseAmount(amount, exponent);
  expect(parsed.ok ? parsed.decimal : undefined).toBe(decimal);
});

describe('parseAmount', () => {
  test('means the same by minor units and by the decimal string of them', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom(0, 2, 3, 4), (minor, exponent) => {
        const parsed = parseAmount(minor, exponent);
        expect(parsed.ok && parseAmount(parsed.decimal, exponent)).toEqual(parsed);
        const digits = parsed.ok ? parsed.decimal.replace('.', '') : '';
        const zeros = parsed.ok && parsed.isWhole ? '0'.repeat(exponent) : '';
        expect(BigInt(digits + zeros)).toBe(BigInt(minor));
      }),
    );
  });
});
