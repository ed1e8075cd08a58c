/** Room for one character and the three dots, which GSM-7 has and its one-character cousin is not. */
export const shortenedLengthMin = 4;

const segmenter = new Intl.Segmenter();

/**
 * At most `lengthMax` characters (graphemes, as people count them), with `...` where something was cut: never inside a
 * character, and never inside a link, which would lead elsewhere.
 */
export function shortenText(text: string, lengthMax: number): string {
  // There are never more graphemes than code units.
  if (text.length <= lengthMax) return text;
  const end = findCut(text, lengthMax);
  return end === undefined ? text : `${text.slice(0, leaveLink(text, end)).trimEnd()}...`;
}

/** Where to cut, or `undefined` when the text is not too long. */
function findCut(text: string, lengthMax: number): number | undefined {
  if (/^[ -~]*$/.test(text)) return lengthMax - 3;
  let count = 0;
  let end = 0;
  for (const { index } of segmenter.segment(text)) {
    if (count === lengthMax - 3) end = index;
    if (count === lengthMax) return end;
    count += 1;
  }
  return undefined;
}

function leaveLink(text: string, end: number): number {
  const start = text.lastIndexOf(' ', end - 1) + 1;
  const after = text.indexOf(' ', start);
  const word = text.slice(start, after === -1 ? undefined : after);
  return end < start + word.length && word.includes('://') ? start : end;
}
