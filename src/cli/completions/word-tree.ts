import { type Command, globalOptions, type Option } from '../command.ts';

/** What may follow after some words of a command: more words, the choices of an argument, options. */
export interface Place {
  /** The words so far: `''`, `held`, `held list`. */
  readonly words: string;
  readonly next: readonly { readonly word: string; readonly summary: string }[];
  readonly options: readonly (readonly [name: string, option: Option])[];
  readonly takesFile: boolean;
}

/** Every place of the table of commands, the empty one first. */
export function listPlaces(commands: readonly Command[]): Place[] {
  const names = new Set(['']);
  for (const { name } of commands) {
    const words = name.split(' ');
    words.forEach((_word, index) => names.add(words.slice(0, index + 1).join(' ')));
  }
  return [...names].map((words) => describePlace(commands, words));
}

function describePlace(commands: readonly Command[], words: string): Place {
  const command = commands.find(({ name }) => name === words);
  const [first] = command?.args ?? [];
  const choices = (listValues(first) ?? []).map((word) => ({ word, summary: first?.summary ?? '' }));
  return {
    words,
    next: [...listNextWords(commands, words), ...choices],
    options: Object.entries({ ...command?.options, ...globalOptions }),
    takesFile: first?.isFile === true,
  };
}

/** What can be offered as the value of an option or an argument. */
export function listValues(
  of: Pick<Option, 'choices' | 'suggestions'> | undefined,
): readonly string[] | undefined {
  return of?.choices ?? of?.suggestions;
}

/** The next word of every longer name that begins with `words`; a group of commands has `held …` as its summary. */
function listNextWords(commands: readonly Command[], words: string): Place['next'] {
  const prefix = words === '' ? '' : `${words} `;
  const found = new Map<string, string>();
  for (const { name, summary } of commands) {
    if (!name.startsWith(prefix) || name === words) continue;
    const [word = '', ...rest] = name.slice(prefix.length).split(' ');
    const isWhole = rest.length === 0;
    if (isWhole || !found.has(word)) found.set(word, isWhole ? summary : `${word} …`);
  }
  return [...found].map(([word, summary]) => ({ word, summary }));
}
