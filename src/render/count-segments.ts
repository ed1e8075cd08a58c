import { gsm7Extension, isGsm7 } from '../domain/gsm-7.ts';

/**
 * Counts the segments that a text message is cut into and paid by.
 *
 * GSM-7 (3GPP TS 23.038 §6.2.1): 160 septets alone, 153 a part when joined; a character of the extension table
 * takes two septets and is never cut in half. Any other character turns the whole message into UCS-2: 70 code
 * units alone, 67 a part; a surrogate pair is never cut in half.
 */
export function countSegments(text: string): SegmentCount {
  return isGsm7(text)
    ? { encoding: 'GSM-7', ...packCharacters(text, gsm7, (char) => (gsm7Extension.has(char) ? 2 : 1)) }
    : { encoding: 'UCS-2', ...packCharacters(text, ucs2, (char) => char.length) };
}

export interface SegmentCount {
  readonly encoding: 'GSM-7' | 'UCS-2';
  /** Septets (GSM-7) or code units (UCS-2). */
  readonly units: number;
  /** 0 for an empty text. */
  readonly segments: number;
}

/** Characters outside GSM-7, each once, in order: what a writer must change to stay in the cheaper alphabet. */
export function findNonGsmCharacters(text: string): readonly string[] {
  return [...new Set(Array.from(text).filter((char) => !isGsm7(char)))];
}

interface Alphabet {
  readonly aloneMax: number;
  readonly joinedMax: number;
}

const gsm7: Alphabet = { aloneMax: 160, joinedMax: 153 };
const ucs2: Alphabet = { aloneMax: 70, joinedMax: 67 };

function packCharacters(
  text: string,
  alphabet: Alphabet,
  unitsOf: (char: string) => number,
): { units: number; segments: number } {
  let units = 0;
  let joined = 0;
  let used = alphabet.joinedMax;
  for (const char of text) {
    const charUnits = unitsOf(char);
    units += charUnits;
    if (used + charUnits > alphabet.joinedMax) {
      joined += 1;
      used = 0;
    }
    used += charUnits;
  }
  return { units, segments: units <= alphabet.aloneMax ? Math.min(joined, 1) : joined };
}
