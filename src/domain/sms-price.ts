import type { PhoneNumber } from './address.ts';

/**
 * What a text costs: segments × the price of the longest listed country code that begins the number.
 * `undefined` when no listed code does; such a number is refused.
 */
export function priceSms(
  prices: ReadonlyMap<string, number>,
  to: PhoneNumber,
  segments: number,
): number | undefined {
  for (let length = 4; length >= 1; length -= 1) {
    const price = prices.get(to.slice(1, 1 + length));
    if (price !== undefined) return price * segments;
  }
  return undefined;
}
