import { isGsm7 } from '../domain/gsm-7.ts';

/**
 * Text of an event or a directory as it is printed: one line, composed (NFC), without control characters and without
 * characters that cannot be seen (marks of reading direction, soft hyphens, tags, zero-width spaces). Joiners stay
 * between letters and within emoji, where they are spelling, and go beside ASCII, where they only hide something.
 * Variation selectors stay: they choose the form of a letter or an emoji. Cleaning twice changes nothing.
 */
export function sanitizeText(text: string): string {
  if (plainText.test(text)) return text;
  return text
    .replaceAll(unseen, '')
    .normalize('NFC')
    .replaceAll(idleJoiners, '')
    .replaceAll(/(?:\s|\p{Cc})+/gu, ' ')
    .trim();
}

/** One line of printable ASCII with single spaces: nearly every text. */
const plainText = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;

/** Default-ignorable characters (UAX #44) besides joiners and variation selectors; annotations; halves of pairs. */
const unseen =
  /(?!\u200c|\u200d|\p{Variation_Selector})\p{Default_Ignorable_Code_Point}|[\ufff9-\ufffb\p{Cs}]/gu;

/** At an end, beside ASCII or beside a dot of another script; and all but the first of several. */
const idleJoiners =
  /(?<=^|[\0-\x7f\u3002\uff0e\uff61\u2024])[\u200c\u200d]+|[\u200c\u200d]+(?=$|[\0-\x7f\u3002\uff0e\uff61\u2024])|(?<=[\u200c\u200d])[\u200c\u200d]+/gu;

/**
 * The same text with a space after every dot that could make a web address of its neighbours, so that no mail program
 * and no telephone turns it into a link: `Bold.org` is printed `Bold. org`. What no address can end with stays as it was
 * typed: `Node.js`, `3.5`, `U.S.`, `Ph.D.`; so do links that were spelled out (`https://…`), which are judged instead.
 * Whatever this text is cut to later, no address appears in it.
 */
export function breakAddresses(text: string): string {
  if (!addressDot.test(text)) return text;
  return text
    .split(' ')
    .map((word) => (word.includes('://') ? word : word.replaceAll(addressDots, breakAtDot)))
    .join(' ');
}

/**
 * A dot, or what is read as one (RFC 3490 §3.1, one dot leader), after anything that may end a label and before two
 * letters. Ideographic full stops end sentences too, so they count only before letters of the Latin script.
 */
const addressDot =
  /(?<=[^\s\p{P}]|[-_])(?:[.\u2024\uff0e]|[\u3002\uff61](?=\p{M}*\p{Script=Latin}))(?=\p{M}*[\p{L}\u24b6-\u24e9]\p{M}*[\p{L}\u24b6-\u24e9])/u;
const addressDots = new RegExp(addressDot.source, 'gu');

function breakAtDot(dot: string, at: number, word: string): string {
  const pair = /^[A-Za-z]{2}(?![\p{L}\p{M}\p{N}-])/u.exec(
    word.slice(at + dot.length, at + dot.length + 4),
  )?.[0];
  return pair !== undefined && !isCountryCode(pair) ? dot : `${dot} `;
}

let regionNames: Intl.DisplayNames | undefined;

/** Two letters are a top-level domain only as a country's code (RFC 1591 §2); three and more may be any word. */
function isCountryCode(pair: string): boolean {
  regionNames ??= new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  return regionNames.of(pair.toUpperCase()) !== undefined;
}

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
  if (plainLines.test(text)) return text;
  return text
    .normalize('NFC')
    .replaceAll(/\r\n?|[\u2028\u2029]/g, '\n')
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (char) =>
      char === '\n' ? '\n' : char === '\t' ? ' ' : '',
    );
}

/** Latin letters and marks below the first combining one, all of which are composed (UAX #15), and line feeds. */
const plainLines = /^[\n\x20-\x7e\xa0-\u02ff]*$/;
