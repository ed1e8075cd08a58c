import { channelTable } from '../domain/channel.ts';
import { escapePattern, redactText } from '../observe/redact.ts';
import type { MessageRecord } from '../store/message-record.ts';

type Addressed = Pick<MessageRecord, 'channel' | 'to' | 'name' | 'data'>;

const shortest = 3;
const textsMax = 100;

/**
 * What a provider said of a message, without the person: providers quote addresses in spellings of their own (without
 * the plus, only what is before the `@`) and pieces of the text. Names and the texts of the event's data go as whole
 * words, and the proper nouns in them, so that the rest can still be read.
 */
export function redactReply(reply: string, message: Addressed): string {
  const { channel, to, name = '', data } = message;
  const person = [...channelTable[channel].quoteAddress(to), name, ...name.split(/\s+/)];
  const texts = listTexts(data).slice(0, textsMax);
  const words = [...person, ...texts, ...texts.flatMap(listProperNouns)].filter(
    (text) => text.trim().length >= shortest,
  );
  return redactText(dropWords(reply, words.slice(0, 3 * textsMax)));
}

/** Of a text that was quoted in part; words of the language, in which replies are written too, stay readable. */
function listProperNouns(text: string): readonly string[] {
  return text.slice(0, 500).match(/\p{Lu}[\p{L}\p{M}'’-]{3,}/gu) ?? [];
}

function listTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(listTexts);
}

/** The longest first: a name within a longer text must not be what is left of it. */
function dropWords(text: string, words: readonly string[]): string {
  const folded = foldAscii(text);
  const forms = [...new Set(words.filter((word) => mayOccur(word, folded)).flatMap(listForms))];
  const pattern = forms
    .toSorted((one, other) => other.length - one.length)
    .map(escapePattern)
    .join('|');
  if (pattern === '') return text;
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])(?:${pattern})(?![\\p{L}\\p{N}])`, 'giu'), '[…]');
}

/**
 * False only for a word that occurs in none of its forms: all of them hold its first run of ASCII letters and digits
 * as it is. Most replies quote nothing, and then no pattern is built.
 */
function mayOccur(word: string, folded: string): boolean {
  const [run] = /[a-z0-9]+/i.exec(word) ?? [];
  return run === undefined || folded.includes(run.toLowerCase());
}

/** In lower case, with the two other signs that are `s` and `k` to a pattern that ignores case (long s, Kelvin). */
function foldAscii(text: string): string {
  return text.toLowerCase().replaceAll('\u017f', 's');
}

/** Plain, and as URLs (`%20`) and forms (`+`, and RFC 3986's `%28`) have it. */
function listForms(word: string): readonly string[] {
  const encoded = encodeURIComponent(word.replace(/\p{Cs}/gu, ''));
  const strict = encoded.replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return [word, encoded, strict, strict.replaceAll('%20', '+')];
}
