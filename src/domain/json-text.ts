/** Code units that mean something in a JSON text, outside its strings. */
export const quote = 0x22;
export const comma = 0x2c;
const plus = 0x2b;
export const minus = 0x2d;
export const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;
export const colon = 0x3a;
export const capitalE = 0x45;
export const openList = 0x5b;
const backslash = 0x5c;
export const closeList = 0x5d;
export const smallE = 0x65;
export const openObject = 0x7b;
export const closeObject = 0x7d;

/** The place of the quote that ends the string which begins at `from`; the end of the text when none does. */
export function findStringEnd(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === backslash) first -= 1;
  return (at - first) % 2 === 1;
}

export function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

export function isPartOfNumber(code: number): boolean {
  if (isDigit(code)) return true;
  return code === dot || code === minus || code === plus || code === smallE || code === capitalE;
}

/** The smallest double, written without an exponent, has fewer. */
const literalCharsMax = 400;

/**
 * True when the double that is read from the literal gives back its digits: 17 of them at most, which is what
 * `%.17g` prints. An integer must be a safe one (RFC 7493 §2.2).
 */
export function isExact(literal: string): boolean {
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
  // Such a double k/2^m has 18 digits at most, which are those of k·5^m; so m is 25 at most. Else the costly look is spared.
  if (!Number.isInteger(value * 2 ** 25)) return false;
  const isLikely = digitsOf(value.toExponential(lower.length)) === `${lower}5`;
  return isLikely && /^0*$/.test(digitsOf(value.toExponential(100)).slice(lower.length + 1));
}

/** Of a number's text: its digits before any exponent. */
function digitsOf(number: string): string {
  return number.replace(/[eE].*$/, '').replace(/[-.]/g, '');
}
