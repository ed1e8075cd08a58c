/** HTML without blank lines and trailing white space; narrow no-break spaces, which many fonts lack, made ordinary ones. */
export function normaliseHtml(html: string): string {
  const lines = stripControls(html).replaceAll('\u202f', '\u00a0').split('\n');
  return `${lines
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n')}\n`;
}

/** Plain text: plain spaces, at most one blank line in a row, one line end at the end. */
export function normaliseText(text: string): string {
  const lines = toPlainSpaces(stripControls(text))
    .split('\n')
    .map((line) => line.trimEnd());
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}

/** One line, whatever came in: a header can never be broken by data. */
export function normaliseLine(text: string): string {
  return toPlainSpaces(stripControls(text)).replaceAll(/\s+/g, ' ').trim();
}

/**
 * A text message: typographic quotes, dashes and the ellipsis become their GSM-7 cousins, since one of them would
 * more than halve the room. Letters are never changed.
 */
export function normaliseSms(text: string): string {
  return normaliseText(text)
    .replaceAll(/[‘’‚′]/g, "'")
    .replaceAll(/[“”„″«»]/g, '"')
    .replaceAll(/[‐‑‒–—−]/g, '-')
    .replaceAll('…', '...')
    .replaceAll(/[\u200b-\u200d\ufeff]/g, '')
    .trim();
}

function toPlainSpaces(text: string): string {
  return text.replaceAll(/[\u00a0\u2000-\u200a\u202f]/g, ' ');
}

/** Without control characters (line feeds stay) and without marks that turn the reading direction around. */
function stripControls(text: string): string {
  return text
    .replaceAll(/\r\n?|[\u2028\u2029]/g, '\n')
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (char) =>
      char === '\n' ? '\n' : char === '\t' ? ' ' : '',
    );
}
