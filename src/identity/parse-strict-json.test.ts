import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrictJson } from './parse-token.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text));

describe('parseStrictJson', () => {
  test.each([
    ['{"exp":1,"exp":2}'],
    ['{"exp":1,"\\u0065xp":2}'],
    ['{ "a" : {"exp":1} , "exp" : 1 , "exp" : 1 }'],
    [String.raw`{"a\"b":1,"a\"b":2}`],
    ['{"__proto__":1,"__proto__":2}'],
  ])('refuses a name given twice: %s', (text) => {
    expect(parse(text)).toEqual({ kind: 'duplicate-key' });
  });

  test.each([
    ['{"a":{"exp":1},"b":{"exp":2},"exp":3}'],
    ['{"a":"exp","exp":"a"}'],
    [String.raw`{"a":"\",\"exp\":1","exp":2}`],
    ['{"list":["exp","exp"],"exp":1}'],
    ['{}'],
  ])('takes equal names at other depths and equal values: %s', (text) => {
    expect(parse(text)).toEqual({ kind: 'object', value: JSON.parse(text) });
  });

  test.each([[''], ['null'], ['[]'], ['"text"'], ['{"a":1'], ['{"a":1}x'], ['\uFEFF{}']])(
    'takes nothing but one JSON object: %j',
    (text) => {
      expect(parse(text)).toEqual({ kind: 'malformed' });
    },
  );

  test('refuses bytes that are not UTF-8', () => {
    expect(parseStrictJson(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toEqual({
      kind: 'malformed',
    });
  });

  test('reads every object that JSON can write', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(parse(text)).toEqual({ kind: 'object', value: JSON.parse(text) });
      }),
    );
  });
});
