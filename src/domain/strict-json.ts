/**
 * JSON (RFC 8259) as I-JSON wants it (RFC 7493): no member named twice, no number that a double cannot hold, no half
 * of a surrogate pair; and of bounded shape. `JSON.parse` takes all of these and keeps one of the two members, another
 * number, a character that nobody can print.
 *
 * What is usual costs one pass over the text and one over the value: as many colons outside strings as the value has
 * members means that none came twice, and only a long or scientific number is looked at. The exact reading, with
 * pointers, is for texts in which something is wrong.
 */
export type JsonReading =
  | {
      readonly kind: 'read';
      readonly value: unknown;
      /** At most two hundred of a text; of a list, of each item. */
      readonly flaws: readonly JsonFlaw[];
    }
  | { readonly kind: 'too-many-values' }
  /** `cause` is what `JSON.parse` threw. */
  | { readonly kind: 'malformed'; readonly cause: unknown };

export interface JsonFlaw {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly kind: 'duplicate-member' | 'inexact-number' | 'half-character' | 'forbidden-name' | 'too-deep';
}

/** Levels of nesting: far beyond any template's need, far below what troubles a walker. Those of a list are its items'. */
export const jsonDepthMax = 16;
/** Values in one text: 500 events of a batch may have a hundred each. More of them cost time and memory before they are read. */
export const jsonValuesMax = 50_000;
const flawsMax = 100;

/** Names that reach an object's prototype in careless code. JSON.parse makes them plain keys; we refuse them. */
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Reads a text whole, in time linear in its length; one with more values is not read. */
export function readStrictJson(text: string, valuesMax = jsonValuesMax): JsonReading {
  const scan = scanText(text);
  if (scan.values > valuesMax) return { kind: 'too-many-values' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return { kind: 'malformed', cause };
  }
  const walk: Walk = { members: 0, flaws: createFlawList(), hasEscapes: text.includes('\\u') };
  if (Array.isArray(value)) walkList(value, '', 0, walk);
  else walkValue(value, '', 1, walk);
  const isUsual = !scan.hasOddNumber && walk.members === scan.members;
  const { found } = walk.flaws;
  return { kind: 'read', value, flaws: isUsual ? found : [...findTextFlaws(text), ...found] };
}

/** A JSON pointer (RFC 6901) one level below `at`. */
export function pointerBelow(at: string, key: string): string {
  return `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

interface TextScan {
  /** Colons outside strings: one for each member that the text names. */
  members: number;
  /** At least as many as there are values. */
  values: number;
  /** Some number has an exponent or more than 15 digits, which every double holds. */
  hasOddNumber: boolean;
}

/** Looks at what stands outside strings. The text need not be JSON: what makes no sense is for `JSON.parse` to tell. */
function scanText(text: string): TextScan {
  const scan: TextScan = { members: 0, values: 1, hasOddNumber: false };
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) {
      digits += 1;
      if (digits > 15) scan.hasOddNumber = true;
      continue;
    }
    switch (code) {
      case quote:
        at = findStringEnd(text, at);
        break;
      case colon:
        scan.members += 1;
        break;
      case comma:
      case openList:
      case openObject:
        scan.values += 1;
        break;
      case dot:
        continue;
      case smallE:
      case capitalE:
        if (digits > 0) scan.hasOddNumber = true;
        break;
      default:
    }
    digits = 0;
  }
  return scan;
}

const quote = 0x22;
const comma = 0x2c;
const plus = 0x2b;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const capitalE = 0x45;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const smallE = 0x65;
const openObject = 0x7b;
const closeObject = 0x7d;

/** The place of the quote that ends the string which begins at `from`; the end of the text when none does. */
function findStringEnd(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === backslash) first -= 1;
  return (at - first) % 2 === 1;
}

/** Bounded for each item of a list by itself, so that no item hides the flaws of the next. */
interface FlawList {
  readonly found: readonly JsonFlaw[];
  note(pointer: () => string, kind: JsonFlaw['kind']): void;
  beginItem(): void;
}

function createFlawList(): FlawList {
  const found: JsonFlaw[] = [];
  let ofItem = 0;
  return {
    found,
    note: (pointer, kind) => {
      ofItem += 1;
      if (ofItem <= flawsMax) found.push({ pointer: pointer(), kind });
    },
    beginItem: () => {
      ofItem = 0;
    },
  };
}

interface Walk {
  members: number;
  readonly flaws: FlawList;
  /** Only an escape can bring half a surrogate pair into a text that is UTF-8. */
  readonly hasEscapes: boolean;
}

/** Counts members, and notes names, depths and strings that are not for us. Below a forbidden depth nothing is read. */
function walkValue(value: unknown, at: string, depth: number, walk: Walk): void {
  if (typeof value === 'string') noteHalf(value, at, walk);
  if (typeof value !== 'object' || value === null) return;
  if (depth > jsonDepthMax) walk.flaws.note(() => at, 'too-deep');
  else if (Array.isArray(value)) walkList(value, at, depth, walk);
  else walkObject(value, at, depth, walk);
}

function walkList(list: readonly unknown[], at: string, depth: number, walk: Walk): void {
  for (const [index, item] of list.entries()) {
    if (depth === 0) walk.flaws.beginItem();
    if (typeof item === 'object' || walk.hasEscapes) walkValue(item, `${at}/${index}`, depth + 1, walk);
  }
}

function walkObject(object: object, at: string, depth: number, walk: Walk): void {
  for (const [name, item] of Object.entries(object)) {
    walk.members += 1;
    if (forbiddenNames.has(name)) walk.flaws.note(() => pointerBelow(at, name), 'forbidden-name');
    if (typeof item !== 'object' && !walk.hasEscapes) continue;
    const pointer = pointerBelow(at, name);
    noteHalf(name, pointer, walk);
    walkValue(item, pointer, depth + 1, walk);
  }
}

function noteHalf(text: string, at: string, { hasEscapes, flaws }: Walk): void {
  if (hasEscapes && halfCharacter.test(text)) flaws.note(() => at, 'half-character');
}

const halfCharacter = /\p{Cs}/u;

/** An object or a list that the exact reader stands in. */
interface Level {
  /** Of an object: its members so far. */
  readonly names: Set<string> | undefined;
  /** The member or index that is being read. */
  place: string | number;
  isNameNext: boolean;
}

/** Members that come twice and numbers that do not survive, each with its place. `text` is valid JSON. */
function findTextFlaws(text: string): readonly JsonFlaw[] {
  const levels: Level[] = [];
  const read: ExactRead = { text, levels, flaws: createFlawList() };
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case openObject:
        levels.push({ names: new Set(), place: '', isNameNext: true });
        break;
      case openList:
        levels.push({ names: undefined, place: 0, isNameNext: false });
        break;
      case closeObject:
      case closeList:
        levels.pop();
        break;
      case comma:
        goOn(read);
        break;
      case quote:
        at = readText(read, at);
        break;
      default:
        at = readNumber(read, at);
    }
  }
  return read.flaws.found;
}

interface ExactRead {
  readonly text: string;
  readonly levels: readonly Level[];
  readonly flaws: FlawList;
}

function goOn({ levels, flaws }: ExactRead): void {
  const level = levels.at(-1);
  if (level === undefined) return;
  if (typeof level.place !== 'number') level.isNameNext = true;
  else {
    level.place += 1;
    if (levels.length === 1) flaws.beginItem();
  }
}

/** Reads a string, which may be a member's name (compared after unescaping); answers where it ends. */
function readText(read: ExactRead, at: number): number {
  const end = findStringEnd(read.text, at);
  const level = read.levels.at(-1);
  if (level?.names !== undefined && level.isNameNext) {
    const name = String(JSON.parse(read.text.slice(at, end + 1)));
    level.place = name;
    level.isNameNext = false;
    if (level.names.has(name)) read.flaws.note(() => pointerTo(read.levels), 'duplicate-member');
    level.names.add(name);
  }
  return end;
}

/** Reads a number, if one begins at `at`; answers where it ends. */
function readNumber(read: ExactRead, at: number): number {
  const first = read.text.charCodeAt(at);
  if (first !== minus && !isDigit(first)) return at;
  let end = at + 1;
  while (isPartOfNumber(read.text.charCodeAt(end))) end += 1;
  if (!isExact(read.text.slice(at, end))) read.flaws.note(() => pointerTo(read.levels), 'inexact-number');
  return end - 1;
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

function isPartOfNumber(code: number): boolean {
  if (isDigit(code)) return true;
  return code === dot || code === minus || code === plus || code === smallE || code === capitalE;
}

function pointerTo(levels: readonly Level[]): string {
  return levels.reduce((at, { place }) => pointerBelow(at, String(place)), '');
}

/** The smallest double, written without an exponent, has fewer. */
const literalCharsMax = 400;

/**
 * True when the double that is read from the literal gives back its digits: 17 of them at most, which is what
 * `%.17g` prints. An integer must be a safe one (RFC 7493 §2.2).
 */
function isExact(literal: string): boolean {
  if (literal.length > literalCharsMax) return false;
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  if (/^-?\d+$/.test(literal)) return Number.isSafeInteger(value);
  const digits = digitsOf(literal).replace(/^0+/, '').replace(/0+$/, '');
  if (digits === '') return true;
  if (digits.length > 17 || value === 0) return false;
  return digitsOf(value.toExponential(digits.length - 1)) === digits || isMiddle(value, digits);
}

/** A double in the middle of two literals (…5.25 of …5.2 and …5.3) is written as the upper one, and is as near to the lower. */
function isMiddle(value: number, lower: string): boolean {
  const isLikely = digitsOf(value.toExponential(lower.length)) === `${lower}5`;
  return isLikely && /^0*$/.test(digitsOf(value.toExponential(100)).slice(lower.length + 1));
}

/** Of a number's text: its digits before any exponent. */
function digitsOf(number: string): string {
  return number.replace(/[eE].*$/, '').replace(/[-.]/g, '');
}
