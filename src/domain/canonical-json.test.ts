import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

test('keys are sorted at every level and nothing is added', () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x', u: undefined })).toBe(
    '{"a":"x","b":[{"c":null,"d":1}]}',
  );
});

test('it is JSON of the same meaning, and the order of keys makes no difference', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reverseKeys(value))).toBe(text);
    }),
  );
});

test('different meaning gives different bytes', () => {
  const texts = [
    {},
    [],
    null,
    '',
    0,
    false,
    '0',
    { a: null },
    { a: [] },
    [null],
    [[]],
    ['a'],
    { a: 'b' },
    { 'a":"b': 0 },
  ].map(canonicalJson);
  expect(new Set(texts).size).toBe(texts.length);
});

function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reverseKeys(item)]),
  );
}

test('it is the same text as when it was made of sorted entries: idempotency keys of before are still recognised', () => {
  const fromEntries = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map((item) => fromEntries(item ?? null)).join(',')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${fromEntries(item)}`).join(',')}}`;
  };
  const value = fc.anything({
    withNullPrototype: true,
    maxDepth: 4,
    values: [fc.jsonValue(), fc.constant(undefined)],
  });
  fc.assert(
    fc.property(value, (one) => {
      expect(canonicalJson(one)).toBe(fromEntries(one));
    }),
    { numRuns: 2_000 },
  );
});
