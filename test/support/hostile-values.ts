import type { Schema } from './schema-arbitrary.ts';

/** A place in a document that a schema describes. */
export interface Place {
  /** Names from the top; an item of a list is `0`. */
  readonly path: readonly string[];
  readonly schema: Schema;
}

/** Every place that a schema names, the top one first: a field that is added to it is walked without being named here. */
export function listPlaces(
  schema: Schema,
  resolve: (ref: string) => Schema,
  path: readonly string[] = [],
): readonly Place[] {
  if (schema.$ref !== undefined) return listPlaces(resolve(schema.$ref), resolve, path);
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
      listPlaces(child, resolve, [...path, name]),
    ),
    ...(schema.allOf ?? []).flatMap((part) => listPlaces(part, resolve, path).slice(1)),
    ...(schema.items === undefined ? [] : listPlaces(schema.items, resolve, [...path, '0'])),
  ];
  return [{ path, schema }, ...below];
}

/** The text of `base` with this JSON text at the place, whatever stood there. */
export function writeAt(base: unknown, path: readonly string[], raw: string): string {
  const mark = '@@here@@';
  return JSON.stringify(setAt(base, path, mark)).replace(`"${mark}"`, () => raw);
}

function setAt(base: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  if (name === '0') return [setAt(Array.isArray(base) ? base[0] : undefined, rest, value)];
  const object: object = typeof base === 'object' && base !== null ? base : {};
  return { ...object, [name]: setAt((object as Record<string, unknown>)[name], rest, value) };
}

const fill = (unit: string, bytes: number): string =>
  unit.repeat(Math.max(0, Math.floor(bytes / Buffer.byteLength(unit))));
const text =
  (start: string, unit: string) =>
  (bytes: number): string =>
    JSON.stringify(start + fill(unit, bytes));
const list =
  (item: string) =>
  (bytes: number): string =>
    `[${fill(`${item},`, bytes)}${item}]`;
const members = (bytes: number, name: (index: number) => string): string =>
  `{${Array.from({ length: Math.floor(bytes / 12) }, (_, index) => `"${name(index)}":0`).join()}}`;

/** Flaws whose place is long, or far down: each must be told in less time than its place is long. */
const hundredFlaws = `[${Array.from({ length: 100 }, () => '1e400').join()}]`;
const hundredTwins = `{${Array.from({ length: 100 }, () => '"a":1').join()}}`;
const below =
  (unit: string, inner: string) =>
  (bytes: number): string =>
    `{"${fill(unit, Math.max(0, bytes - inner.length))}":${inner}}`;
const deepBelow =
  (open: string, close: string) =>
  (bytes: number): string => {
    const levels = Math.max(1, Math.floor((bytes - hundredFlaws.length) / (open.length + close.length)));
    return `${open.repeat(levels)}${hundredFlaws}${close.repeat(levels)}`;
  };
/** The same, no deeper than is read. */
const readBelow =
  (unit: string) =>
  (bytes: number): string => {
    const name = fill(unit, Math.max(0, bytes - hundredFlaws.length) / 12);
    return `${`{"${name}":`.repeat(12)}${hundredFlaws}${'}'.repeat(12)}`;
  };

/**
 * Values without end, as JSON text of about so many bytes. Each was, or could have been, the one that some check
 * takes too long for. Add a row: it is tried at every place of every shape.
 */
export const endlessValues: Readonly<Record<string, (bytes: number) => string>> = {
  letters: text('', 'a'),
  'a language tag': text('en-x', '-a'),
  'a language tag of extensions': text('en-u', '-ca-gregory'),
  underscores: text('en', '_'),
  'a zone': text('A', 'a/'),
  'a date': text('2026-12-04T22:00:00.', '1'),
  'an address': text('', 'a.a@'),
  'a link': text('https://app.example.com/', '%41a.'),
  'a number in text': text('+1', '5'),
  spaces: text(' ', ' '),
  'line feeds': text('a', '\n\n'),
  'direction marks': text('a', '\u202e'),
  'combining marks': text('e', '\u0301'),
  'joined emoji': text('👨', '\u200d👩'),
  markup: text('', '<a href="'),
  'encoded words': text('', '=?utf-8?b?YQ==?= '),
  'escaped controls': (bytes) => `"${fill('\\u0000', bytes)}"`,
  'halves of characters': (bytes) => `"${fill('\\ud800', bytes)}"`,
  quotes: (bytes) => `"${fill('\\"', bytes)}"`,
  backslashes: (bytes) => `"${fill('\\\\', bytes)}"`,
  digits: (bytes) => `1${fill('1', bytes)}`,
  decimals: (bytes) => `0.${fill('0', bytes)}1`,
  'a list of numbers': list('1'),
  'a list of numbers that do not survive': list('1e400'),
  'a list of numbers of many digits': list('0.12345678901234567'),
  'a list of numbers of as many digits as can be': list('123456789012345.67'),
  'a list of numbers between two doubles': list('759604876397005.2'),
  'a list of numbers with exponents': list('9.2345678901234567e300'),
  'a list of texts': list('"a"'),
  'a list of objects': list('{}'),
  'a list of objects with a fault each': list('{"a":0}'),
  'lists in lists': (bytes) => `${fill('[', bytes / 2)}${fill(']', bytes / 2)}`,
  'objects in objects': (bytes) => `${fill('{"a":', bytes / 6)}0${fill('}', bytes / 6)}`,
  'unknown members': (bytes) => members(bytes, (index) => `k${index}`),
  'one member many times': (bytes) => members(bytes, () => 'k'),
  'a member of a long name': (bytes) => `{"${fill('k', bytes)}":{"${fill('~', bytes / 4)}":0}}`,
};

/**
 * Values that are costly to read, wherever they are: whoever reads a text meets them before anything is checked. Add a
 * row: it is tried once for every shape.
 */
const costlyTexts: Readonly<Record<string, (bytes: number) => string>> = {
  'flaws below a name of tildes': below('~', hundredFlaws),
  'flaws below a name of slashes': below('/', hundredFlaws),
  'flaws below long names': readBelow('~'),
  'flaws below lists in lists': deepBelow('[', ']'),
  'flaws below objects in objects': deepBelow('{"a":', '}'),
  'members that come twice below a long name': below('~', hundredTwins),
  'halves of characters below long names': (bytes) => readBelow('/')(bytes).replaceAll('1e400', '"\\ud800"'),
  'prototypes below a long name': below('/', '[{"__proto__":1},{"constructor":1}]'),
};

export const hostileTexts = { ...endlessValues, ...costlyTexts };

/** The longest values that a place takes by its schema, of the characters that grow most on their way to a reader. */
export function longestValues({ schema }: Place): readonly string[] {
  const { maxLength, minimum, maximum } = schema;
  const texts =
    maxLength === undefined
      ? []
      : ['a', 'W', ' a', '&', '"', '<', '😀', 'e\u0301', '\u202e', '=', '.'].map((unit) =>
          unit.repeat(maxLength).slice(0, maxLength),
        );
  const link = maxLength === undefined ? [] : [`https://app.example.com/${'a'.repeat(maxLength - 24)}`];
  const numbers = [minimum, maximum, Number.MAX_SAFE_INTEGER, 5e-324, 1.7976931348623157e308, 0.1];
  const given = schema.format === 'uri' ? link : schema.type === 'string' ? texts : [];
  const isNumber = schema.type === 'number' || schema.type === 'integer';
  return [...given, ...(isNumber ? numbers.filter((one) => one !== undefined) : [])].map((one) =>
    JSON.stringify(one),
  );
}
