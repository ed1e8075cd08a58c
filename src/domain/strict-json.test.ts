import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withShortTitles } from '../../test/support/short-titles.ts';
import { jsonLevelsMax, jsonMembersMax, jsonValuesMax, oddNumberValues } from './scan-json.ts';
import { jsonDepthMax, readStrictJson } from './strict-json.ts';

/** `kind pointer` of each flaw, or the kind of a text that is not read at all. */
function flawsOf(text: string): readonly string[] | string {
  const reading = readStrictJson(text);
  return reading.kind === 'read'
    ? reading.flaws.map(({ kind, pointer }) => `${kind} ${pointer}`)
    : reading.kind;
}

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** Text → what is wrong with it although `JSON.parse` takes it. */
const texts: readonly (readonly [string, readonly string[] | string])[] = [
  ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', []],
  ['{"a":1,"a":2}', ['duplicate-member /a']],
  ['{"a":1,"a":1}', ['duplicate-member /a']],
  ['{"exp":1,"\\u0065xp":2}', ['duplicate-member /exp']],
  ['{"x":[{"y":1},{"a":{"b":1,"b":2}}]}', ['duplicate-member /x/1/a/b']],
  ['{"":1,"":2}', ['duplicate-member /']],
  ['{"a/b~":1,"a/b~":2}', ['duplicate-member /a~1b~0']],
  [String.raw`{"a\"b":1,"a\"b":2}`, [String.raw`duplicate-member /a"b`]],
  ['{"a":"\\",\\"a\\":1","b":"a"}', []],
  ['[{"a":1},{"a":1,"a":2},{"a":1}]', ['duplicate-member /1/a']],
  ['{"n":9007199254740991}', []],
  ['{"n":-9007199254740991}', []],
  ['{"n":9007199254740992}', ['inexact-number /n']],
  ['{"n":9007199254740993}', ['inexact-number /n']],
  ['{"n":-9007199254740993}', ['inexact-number /n']],
  ['{"n":[1,{"m":12345678901234567890}]}', ['inexact-number /n/1/m']],
  ['{"n":1e400}', ['inexact-number /n']],
  ['{"n":-1E+400}', ['inexact-number /n']],
  ['{"n":1e-400}', ['inexact-number /n']],
  ['{"n":0.1}', []],
  ['{"n":0.10000000000000001}', []],
  ['{"n":0.30000000000000004}', []],
  ['{"n":3.141592653589793}', []],
  ['{"n":3.14159265358979323846}', ['inexact-number /n']],
  ['{"n":0.1234567890123456789}', ['inexact-number /n']],
  ['{"n":1.00000000000000000000}', []],
  ['{"n":0.00000000000000000000001}', []],
  ['{"n":1e5,"m":1.5E-7,"o":-0,"p":0e10,"q":5e-324,"r":1.7976931348623157e308}', []],
  ['{"n":[759604876397005.2,759604876397005.3]}', []],
  ['{"n":[759604876397005.24,759604876397005.12,759604876397005.13]}', ['inexact-number /n/0']],
  ['{"n":[2.9802322387695312e-8,2.9802322387695313e-8,2.98023223876953125e-8]}', ['inexact-number /n/2']],
  ['{"n":[2.9802322387695311e-8,2.9802322387695314e-8]}', ['inexact-number /n/0', 'inexact-number /n/1']],
  ['{"n":1.23456789e-320}', ['inexact-number /n']],
  [`{"n":0.${'0'.repeat(500_000)}1}`, ['inexact-number /n']],
  [`{"n":1${'0'.repeat(500_000)}}`, ['inexact-number /n']],
  ['{"n":"9007199254740993"}', []],
  ['{"t":"\\ud83d\\ude00"}', []],
  ['{"t":"half \\ud83d"}', ['half-character /t']],
  ['{"t":["\\ude00\\ud83d"]}', ['half-character /t/0']],
  ['{"\\ud83d":1}', ['half-character /\ud83d']],
  ['{"t":"\\\\ud83d"}', []],
  ['{"__proto__":1}', ['forbidden-name /__proto__']],
  ['{"a":[{"constructor":1}]}', ['forbidden-name /a/0/constructor']],
  ['{"__proto__":1,"__proto__":2}', ['duplicate-member /__proto__', 'forbidden-name /__proto__']],
  [`{"a":${deep(jsonDepthMax - 1)}}`, []],
  [`{"a":${deep(jsonDepthMax)}}`, [`too-deep /a${'/0'.repeat(jsonDepthMax - 1)}`]],
  [`[${deep(jsonDepthMax)}]`, []],
  [deep(jsonLevelsMax), [`too-deep ${'/0'.repeat(jsonDepthMax + 1)}`]],
  [deep(jsonLevelsMax + 1), 'too-much'],
  [`[${'1,'.repeat(jsonValuesMax)}1]`, 'too-much'],
  [`[${'{},'.repeat(jsonValuesMax)}{}]`, 'too-much'],
  [`{${'"":1,'.repeat(jsonMembersMax)}"":1}`, 'too-much'],
  [`[${'0.12345678901234567,'.repeat(jsonValuesMax / oddNumberValues)}1]`, 'too-much'],
  [`[${'{"a":1,"a":2},'.repeat(2)}{}]`, ['duplicate-member /0/a', 'duplicate-member /1/a']],
  [`{"a":[${'1e400,'.repeat(500)}1]}`, Array.from({ length: 100 }, (_, at) => `inexact-number /a/${at}`)],
  [`[[${'1e400,'.repeat(500)}1]]`, Array.from({ length: 20 }, (_, at) => `inexact-number /0/${at}`)],
  [`{"${'~'.repeat(300)}":[1e400]}`, [`inexact-number /${'~0'.repeat(200)}…/0`]],
  [
    `{"${'/'.repeat(300)}":{"${'/'.repeat(300)}":[1e400]}}`,
    [`inexact-number /${'~1'.repeat(200)}…/${'~1'.repeat(48)}~…`],
  ],
  // What stands too deep is passed over, and what comes after it is read again.
  [
    `{"a":${'['.repeat(20)}{"b":1,"b":1e400}${']'.repeat(20)},"a":1,"c":1e400}`,
    ['duplicate-member /a', 'inexact-number /c'],
  ],
  ['{"a":1', 'malformed'],
  ['{"a":1}x', 'malformed'],
  ['"', 'malformed'],
  ['"\\', 'malformed'],
  ['', 'malformed'],
  ['9007199254740993', ['inexact-number ']],
  ['"text"', []],
  ['null', []],
];
test.each(withShortTitles(texts))('%s', (_name, text, expected) => {
  expect(flawsOf(text)).toEqual(expected);
});

describe('readStrictJson', () => {
  test('reads what JSON.parse reads, and finds nothing wrong in what JSON can keep', () => {
    const anything = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.stringify(value, keepSafe));
    fc.assert(
      fc.property(anything, (text) => {
        const reading = readStrictJson(text);
        const odd = /\\u[dD]|"(?:__proto__|constructor|prototype)"/.test(text);
        expect(reading).toMatchObject({ kind: 'read', value: JSON.parse(text) as unknown });
        fc.pre(!odd);
        expect(reading).toMatchObject({ flaws: [] });
      }),
    );
  });

  test('finds a member that comes twice wherever it stands', () => {
    const object = fc.dictionary(fc.stringMatching(/^[a-z"\\/~ü]{0,3}$/), fc.jsonValue({ maxDepth: 2 }), {
      minKeys: 1,
    });
    fc.assert(
      fc.property(object, fc.nat(), fc.boolean(), (value, at, isInside) => {
        const names = Object.keys(value);
        const name = JSON.stringify(names[at % names.length]);
        const twice = JSON.stringify(value, keepSafe).replace(/\}$/, `,${name}:null}`);
        const flaws = flawsOf(isInside ? `{"in":[${twice}]}` : twice);
        expect(Array.isArray(flaws) && flaws.some((flaw) => flaw.startsWith('duplicate-member'))).toBe(true);
      }),
    );
  });

  test('tells whether a number survives as a comparison of decimals does', () => {
    const digits = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 19n }), fc.integer({ min: -30, max: 30 }));
    fc.assert(
      fc.property(digits, ([mantissa, exponent]) => {
        const literal = `${mantissa}.0e${exponent}`;
        const given = String(mantissa).replace(/0+$/, '');
        const lastPlace = exponent + String(mantissa).length - given.length;
        const survives = given.length <= 17 && isWithinHalf(Number(literal), BigInt(given), lastPlace);
        expect(flawsOf(`[${literal}]`)).toEqual(survives ? [] : ['inexact-number /0']);
      }),
    );
  });
});

/** Integers beyond 2^53 are flaws by design. */
function keepSafe(_key: string, value: unknown): unknown {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? 0 : value;
}

/** Whether a positive double is at most half a unit from `units` · 10^`place`, in whole numbers. */
function isWithinHalf(value: number, units: bigint, place: number): boolean {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const fraction = (raw & ((1n << 52n) - 1n)) | (1n << 52n);
  const power = Number(raw >> 52n) - 1075;
  // Both sides times 2^1100 · 10^100, so that nothing has a fraction.
  const unit = (10n ** BigInt(100 + place)) << 1100n;
  const double = (fraction << BigInt(1100 + power)) * 10n ** 100n;
  const apart = double - units * unit;
  return (apart < 0n ? -apart : apart) * 2n <= unit;
}
