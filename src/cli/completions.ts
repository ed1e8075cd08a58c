import { quoteWord } from '../domain/quote-word.ts';
import { type Command, globalOptions, type Option } from './command.ts';

/** Scripts that complete words and options, made from the table of commands: no program is started while somebody types. */
export const completionWriters = {
  bash: writeBashCompletions,
  zsh: writeZshCompletions,
  fish: writeFishCompletions,
} as const;

/** bash 3.2 and later. */
export function writeBashCompletions(commands: readonly Command[]): string {
  const places = listPlaces(commands);
  const valueCases = listValueCases(places).map(({ after, option }) => {
    const choices = listValues(option);
    const act =
      choices === undefined ? '' : `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current")); `;
    return `    '${after}') ${act}return ;;`;
  });
  const placeCases = places.map(({ words, next, options }) => {
    const all = [...next.map(({ word }) => word), ...options.map(([name]) => `--${name}`)];
    return `    '${words}') next='${all.join(' ')}' ;;`;
  });
  return `# acc completions for bash: source <(acc completions bash)
_acc() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words='' candidate word next='' index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    candidate="\${words:+$words }$word"
    case "$candidate" in
      ${quotePlaces(places).join(' | ')}) words=$candidate ;;
    esac
  done
  case "$words $previous" in
${valueCases.join('\n')}
  esac
  case "$words" in
${placeCases.join('\n')}
  esac
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$next" -- "$current"))
}
complete -o default -F _acc acc
`;
}

export function writeZshCompletions(commands: readonly Command[]): string {
  const places = listPlaces(commands);
  const valueCases = listValueCases(places).map(({ after, option }) => {
    const choices = listValues(option);
    const act =
      choices === undefined
        ? option.isFile === true
          ? '_files; '
          : ''
        : `compadd -- ${choices.join(' ')}; `;
    return `    ${quoteWord(after)}) ${act}return ;;`;
  });
  const placeCases = places.map(({ words, next, options, takesFile }) => {
    const nextPairs = next.map(({ word, summary }) => toPair(word, summary)).join(' ');
    const optionPairs = options.map(([name, { summary }]) => toPair(`--${name}`, summary)).join(' ');
    const files = takesFile ? '; _files' : '';
    return `    ${quoteWord(words)}) next=(${nextPairs}); options=(${optionPairs})${files} ;;`;
  });
  return `#compdef acc
# acc completions for zsh: acc completions zsh > "\${fpath[1]}/_acc"
_acc() {
  local so_far='' candidate index
  for ((index = 2; index < CURRENT; index++)); do
    candidate="\${so_far:+$so_far }\${words[index]}"
    case "$candidate" in
      ${quotePlaces(places).join(' | ')}) so_far=$candidate ;;
    esac
  done
  local -a next options
  case "$so_far \${words[CURRENT-1]}" in
${valueCases.join('\n')}
  esac
  case "$so_far" in
${placeCases.join('\n')}
  esac
  _describe -o 'option' options
  (( \${#next} )) && _describe 'word' next
  return 0
}
if [ "$funcstack[1]" = _acc ]; then _acc "$@"; else compdef _acc acc; fi
`;
}

export function writeFishCompletions(commands: readonly Command[]): string {
  const places = listPlaces(commands);
  const lines = places.flatMap(({ words, next, options, takesFile }) => {
    const isHere = `test "$(__acc_words)" = ${words === '' ? '""' : `"${words}"`}`;
    const at = `complete -c acc -n ${quoteWord(isHere)}`;
    return [
      ...next.map(({ word, summary }) => `${at} -f -a ${quoteWord(word)} -d ${quoteWord(summary)}`),
      takesFile ? `${at} -F` : `${at} -f`,
      ...options.map(([name, option]) => {
        const { value, isFile, summary } = option;
        const choices = listValues(option);
        const values = choices === undefined ? '' : ` -a ${quoteWord(choices.join(' '))}`;
        const kind = value === undefined ? '' : isFile === true ? ' -r -F' : ` -x${values}`;
        return `${at} -l ${name}${kind} -d ${quoteWord(summary)}`;
      }),
    ];
  });
  return `# acc completions for fish: acc completions fish > ~/.config/fish/completions/acc.fish
function __acc_words
    set -l words
    for word in (commandline -opc)[2..-1]
        set -l candidate (string join -- ' ' $words $word)
        contains -- "$candidate" ${quotePlaces(places).join(' ')}; and set words $words $word
    end
    string join -- ' ' $words
end
complete -c acc -e
${lines.join('\n')}
`;
}

/** `word:what it does`; a colon inside is escaped, since the first one divides. */
function toPair(...parts: readonly string[]): string {
  return quoteWord(parts.map((part) => part.replaceAll(':', '\\:')).join(':'));
}

function quotePlaces(places: readonly Place[]): readonly string[] {
  return places.filter(({ words }) => words !== '').map(({ words }) => quoteWord(words));
}

/** What stands before the value of each option that has one: `held list --limit`. */
function listValueCases(places: readonly Place[]): { after: string; option: Option }[] {
  return places.flatMap(({ words, options }) =>
    options
      .filter(([, { value }]) => value !== undefined)
      .map(([name, option]) => ({ after: `${words} --${name}`, option })),
  );
}

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
function listValues(of: Pick<Option, 'choices' | 'suggestions'> | undefined): readonly string[] | undefined {
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
