import {
  closeList,
  closeObject,
  comma,
  findStringEnd,
  isDigit,
  isExact,
  isPartOfNumber,
  minus,
  openList,
  openObject,
  quote,
} from './json-text.ts';
import { jsonValuesMax, scanJson } from './scan-json.ts';

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
      /** Some of them at least: of a list, of each item that has any. */
      readonly flaws: readonly JsonFlaw[];
    }
  /** `bound`: what such a text holds at most, in words. */
  | { readonly kind: 'too-much'; readonly bound: string }
  /** `cause` is what `JSON.parse` threw. */
  | { readonly kind: 'malformed'; readonly cause: unknown };

export interface JsonFlaw {
  /** JSON pointer (RFC 6901), with long names cut. */
  readonly pointer: string;
  readonly kind: 'duplicate-member' | 'inexact-number' | 'half-character' | 'forbidden-name' | 'too-deep';
}

/** Levels of nesting: far beyond any template's need, far below what troubles a walker. Those of a list are its items'. */
export const jsonDepthMax = 16;
/** Told of a text; of a list, of each item. */
const flawsMax = 100;
const itemFlawsMax = 20;

/** Names that reach an object's prototype in careless code. JSON.parse makes them plain keys; we refuse them. */
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Reads a text whole, in time linear in its length; one that holds more than any sender needs is not read. */
export function readStrictJson(text: string, valuesMax = jsonValuesMax): JsonReading {
  const scan = scanJson(text, valuesMax);
  if (scan.kind === 'too-much') return scan;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return { kind: 'malformed', cause };
  }
  const isList = Array.isArray(value);
  const walk: Walk = { members: 0, flaws: createFlawList(isList), hasEscapes: text.includes('\\u') };
  if (Array.isArray(value)) walkList(value, '', 0, walk);
  else walkValue(value, '', 1, walk);
  const isUsual = !scan.hasOddNumber && walk.members === scan.members;
  const { found } = walk.flaws;
  return { kind: 'read', value, flaws: isUsual ? found : [...findTextFlaws(text, isList), ...found] };
}

/**
 * A JSON pointer (RFC 6901) one level below `at`. Names may be as long as a body and stand below each other: of a long
 * one only the start is kept, and of a long pointer too.
 */
export function pointerBelow(at: string, key: string): string {
  if (at.length > pointerCharsMax) return at;
  const name = cut(key, pointerNameCharsMax).replaceAll('~', '~0').replaceAll('/', '~1');
  return cut(`${at}/${name}`, pointerCharsMax);
}

function cut(text: string, charsMax: number): string {
  return text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
}

const pointerNameCharsMax = 200;
export const pointerCharsMax = 500;

/** Bounded for each item of a list by itself, so that no item hides the flaws of the next. */
interface FlawList {
  readonly found: readonly JsonFlaw[];
  note(pointer: () => string, kind: JsonFlaw['kind']): void;
  beginItem(): void;
}

function createFlawList(isOfItems: boolean): FlawList {
  const max = isOfItems ? itemFlawsMax : flawsMax;
  const found: JsonFlaw[] = [];
  let ofItem = 0;
  return {
    found,
    note: (pointer, kind) => {
      ofItem += 1;
      if (ofItem <= max) found.push({ pointer: pointer(), kind });
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

/** An object or a list that the exact reader is in. */
interface Level {
  /** Of an object: its members so far. */
  readonly names: Set<string> | undefined;
  /** The member or index that is being read. */
  place: string | number;
  isNameNext: boolean;
}

/**
 * Members that come twice and numbers that do not survive, each with its place. `text` is valid JSON. What is nested too
 * deep is passed over: it has a flaw of its own, or is in a member that comes twice.
 */
function findTextFlaws(text: string, isList: boolean): readonly JsonFlaw[] {
  const read: ExactRead = { text, levels: [], below: 0, flaws: createFlawList(isList) };
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case openObject:
        goDown(read, { names: new Set(), place: '', isNameNext: true });
        break;
      case openList:
        goDown(read, { names: undefined, place: 0, isNameNext: false });
        break;
      case closeObject:
      case closeList:
        if (read.below > 0) read.below -= 1;
        else read.levels.pop();
        break;
      case comma:
        if (read.below === 0) goOn(read);
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
  readonly levels: Level[];
  /** How many levels the reader is below the last one that it looks at. */
  below: number;
  readonly flaws: FlawList;
}

function goDown(read: ExactRead, level: Level): void {
  // The list that has items is a level more.
  if (read.levels.length > jsonDepthMax) read.below += 1;
  else read.levels.push(level);
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

/** Reads a string, which may be a member's name (compared after unescaping); returns where it ends. */
function readText(read: ExactRead, at: number): number {
  const end = findStringEnd(read.text, at);
  const level = read.levels.at(-1);
  if (read.below === 0 && level?.names !== undefined && level.isNameNext) {
    const name = unquote(read.text.slice(at, end + 1));
    level.place = name;
    level.isNameNext = false;
    if (level.names.has(name)) read.flaws.note(() => pointerTo(read.levels), 'duplicate-member');
    level.names.add(name);
  }
  return end;
}

function unquote(literal: string): string {
  return literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1);
}

/** Reads a number, if one begins at `at`; returns where it ends. */
function readNumber(read: ExactRead, at: number): number {
  const first = read.text.charCodeAt(at);
  if (first !== minus && !isDigit(first)) return at;
  let end = at + 1;
  while (isPartOfNumber(read.text.charCodeAt(end))) end += 1;
  if (read.below === 0 && !isExact(read.text.slice(at, end)))
    read.flaws.note(() => pointerTo(read.levels), 'inexact-number');
  return end - 1;
}

function pointerTo(levels: readonly Level[]): string {
  return levels.reduce((at, { place }) => pointerBelow(at, String(place)), '');
}
