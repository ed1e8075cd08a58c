import { isGsm7 } from '../domain/gsm-7.ts';

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

/** One line without any mark of reading direction, whatever came in: a header can never be broken or turned by data. */
export function normaliseLine(text: string): string {
  return toPlainSpaces(stripControls(text))
    .replaceAll(/[\u061c\u200e\u200f]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * A text message: typographic quotes, dashes and the ellipsis become their GSM-7 cousins, since one of them would
 * more than halve the room. Letters are never changed: joiners, which spell Persian and hold emoji together, and
 * variation selectors go only where all else is GSM-7.
 */
export function normaliseSms(text: string): string {
  const body = normaliseText(text)
    .replaceAll(/[‘’‚′]/g, "'")
    .replaceAll(/[“”„″«»]/g, '"')
    .replaceAll(/[‐‑‒–—−]/g, '-')
    .replaceAll('…', '...')
    .replaceAll(/[\u200b\ufeff]/g, '')
    .trim();
  const plain = body.replaceAll(/[\u200c\u200d]|\p{Variation_Selector}/gu, '');
  return isGsm7(plain) ? plain : body;
}

function toPlainSpaces(text: string): string {
  return text.replaceAll(/[\u00a0\u2000-\u200a\u202f]/g, ' ');
}

/** Composed (NFC), without control characters (line feeds stay) and without marks that turn the reading direction around. */
function stripControls(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/\r\n?|[\u2028\u2029]/g, '\n')
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (char) =>
      char === '\n' ? '\n' : char === '\t' ? ' ' : '',
    );
}
