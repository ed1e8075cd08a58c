import { expect, test } from 'vitest';
import { alternate, pick } from './alternate.ts';

test('sides take turns, the order turns round after each, and what warms them up is not counted', async () => {
  const order: string[] = [];
  let count = 0;
  const measure = (name: string) => async () => {
    order.push(name);
    return (count += 1);
  };
  const sides = { ours: measure('a'), theirs: measure('b'), durable: measure('c') };
  const measured = await alternate({ rounds: 2, warmUps: 1 }, sides);
  expect(order.join('')).toBe('cbaabccba');
  expect(measured).toEqual({ ours: [4, 9], theirs: [5, 8], durable: [6, 7] });
  expect(pick({ ours: measured.ours, theirs: measured.durable }, (round) => 10 * round)).toEqual({
    ours: [40, 90],
    theirs: [60, 70],
  });
});
