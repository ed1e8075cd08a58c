import { expect, test } from 'vitest';
import { type PhoneNumber, parsePhoneNumber } from './address.ts';
import { priceSms } from './sms-price.ts';

const prices = new Map([
  ['1', 0.01],
  ['1876', 0.2],
  ['44', 0.04],
]);

test('the longest listed country code decides, times the segments', () => {
  expect(priceSms(prices, phone('+15555550123'), 3)).toBeCloseTo(0.03, 10);
  expect(priceSms(prices, phone('+18765550123'), 1)).toBe(0.2);
});

test('a country that is not listed has no price, which is not a price of nothing', () => {
  expect(priceSms(prices, phone('+4915555550123'), 1)).toBeUndefined();
  expect(priceSms(new Map(), phone('+15555550123'), 1)).toBeUndefined();
});

function phone(text: string): PhoneNumber {
  const parsed = parsePhoneNumber(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
