import {
  capitalE,
  closeList,
  closeObject,
  colon,
  comma,
  dot,
  findStringEnd,
  isDigit,
  openList,
  openObject,
  quote,
  smallE,
} from './json-text.ts';

/** Values in one text: 500 events of a batch may have a hundred each. */
export const jsonValuesMax = 50_000;
/** A number that has to be read exactly costs as much as some usual values, and counts as so many. */
export const oddNumberValues = 10;
/** Members of one object, and levels of nesting. */
export const jsonMembersMax = 1_000;
export const jsonLevelsMax = 1_000;

export type JsonScan =
  /** `bound`: what a text holds at most, in words. */
  | { readonly kind: 'too-much'; readonly bound: string }
  | {
      readonly kind: 'scanned';
      /** Colons outside strings: one for each member that the text names. */
      readonly members: number;
      /** Some number has an exponent or more than 15 digits, which every double holds. */
      readonly hasOddNumber: boolean;
    };

/**
 * Counts what is outside strings, before anything is read: with more values, members or levels than anybody needs,
 * `JSON.parse` itself becomes slow. The text need not be JSON: what is malformed is reported by `JSON.parse`.
 */
export function scanJson(text: string, valuesMax: number): JsonScan {
  let values = 1;
  let members = 0;
  let oddNumbers = 0;
  let digits = 0;
  /** The members so far of each object, and 0 for each list, that the scan is in. */
  const levels: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) {
      digits += 1;
      if (digits === usualDigitsMax + 1) oddNumbers += 1;
      continue;
    }
    switch (code) {
      case quote:
        at = findStringEnd(text, at);
        break;
      case colon: {
        members += 1;
        const ofObject = (levels.pop() ?? 0) + 1;
        if (ofObject > jsonMembersMax) return tooMuch(`${jsonMembersMax} members in one object`);
        levels.push(ofObject);
        break;
      }
      case comma:
        values += 1;
        break;
      case openList:
      case openObject:
        values += 1;
        levels.push(0);
        if (levels.length > jsonLevelsMax) return tooMuch(`${jsonLevelsMax} levels of nesting`);
        break;
      case closeList:
      case closeObject:
        levels.pop();
        break;
      case dot:
        continue;
      case smallE:
      case capitalE:
        if (digits > 0 && digits <= usualDigitsMax) oddNumbers += 1;
        break;
      default:
    }
    digits = 0;
  }
  return judgeCounts({ values, members, oddNumbers }, valuesMax);
}

function judgeCounts(
  { values, members, oddNumbers }: Readonly<Record<'values' | 'members' | 'oddNumbers', number>>,
  valuesMax: number,
): JsonScan {
  return values + oddNumbers * (oddNumberValues - 1) > valuesMax
    ? tooMuch(
        `${valuesMax} values (a number of more than ${usualDigitsMax} digits counts as ${oddNumberValues})`,
      )
    : { kind: 'scanned', members, hasOddNumber: oddNumbers > 0 };
}

/** Every double holds so many digits. */
const usualDigitsMax = 15;

function tooMuch(bound: string): JsonScan {
  return { kind: 'too-much', bound };
}
