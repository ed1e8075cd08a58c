import { escapePattern, redactText } from '../observe/redact.ts';
import type { MessageRecord } from '../store/message-record.ts';

type Addressed = Pick<MessageRecord, 'to' | 'name' | 'data'>;

const shortest = 3;
const textsMax = 100;

/**
 * What a provider said of a message, without the person: providers quote addresses in spellings of their own (without
 * the plus, only what is before the `@`) and pieces of the text. Names and the texts of the event's data go as whole
 * words, so that the rest can still be read.
 */
export function redactReply(reply: string, message: Addressed): string {
  const { to, name = '', data } = message;
  const person = [to, to.replace('+', ''), to.split('@')[0] ?? '', name, ...name.split(/\s+/)];
  const words = [...person, ...listTexts(data)].filter((text) => text.trim().length >= shortest);
  return redactText(dropWords(reply, words.slice(0, textsMax)));
}

function listTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(listTexts);
}

/** The longest first: a name within a longer text must not be what is left of it. */
function dropWords(text: string, words: readonly string[]): string {
  const forms = [
    ...new Set(words.flatMap((word) => [word, encodeURIComponent(word.replace(/\p{Cs}/gu, ''))])),
  ];
  const pattern = forms
    .toSorted((one, other) => other.length - one.length)
    .map(escapePattern)
    .join('|');
  if (pattern === '') return text;
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])(?:${pattern})(?![\\p{L}\\p{N}])`, 'giu'), '[…]');
}
