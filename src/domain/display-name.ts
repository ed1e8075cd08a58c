/** Marks that turn the reading direction of what follows, or of what is around: they could hide who is greeted. */
const directionMarks = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const oneLine = /^[^\p{Cc}\p{Cs}\u2028\u2029]{1,200}$/u;
/** Beyond this no mark is looked for: a name has at most 200 characters, and not ten times as many marks. */
const charsMax = 2_000;

/**
 * The name of a person as it may be used in a header, a greeting and a text message: one line of 1 to 200 characters
 * without direction marks (Unicode TR9), or `undefined`. One rule for names in events and in the directory.
 */
export function cleanDisplayName(text: string): string | undefined {
  if (text.length > charsMax) return undefined;
  const name = text.replace(directionMarks, '');
  return oneLine.test(name) ? name : undefined;
}
