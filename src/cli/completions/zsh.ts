import { quoteWord } from '../../domain/quote-word.ts';
import type { Command } from '../command.ts';
import { listPlaces, listValues, type Place } from './word-tree.ts';

/** A zsh script made from the table. */
export function writeZshCompletions(commands: readonly Command[]): string {
  const places = listPlaces(commands);
  return `#compdef acc
# acc completions for zsh: acc completions zsh > "\${fpath[1]}/_acc"
_acc() {
  local so_far='' candidate index
  for ((index = 2; index < CURRENT; index++)); do
    candidate="\${so_far:+$so_far }\${words[index]}"
    case "$candidate" in
      ${places
        .filter(({ words }) => words !== '')
        .map(({ words }) => quoteWord(words))
        .join(' | ')}) so_far=$candidate ;;
    esac
  done
  local -a next options
  case "$so_far \${words[CURRENT-1]}" in
${places.flatMap(writeValueCases).join('\n')}
  esac
  case "$so_far" in
${places.map(writePlace).join('\n')}
  esac
  _describe -o 'option' options
  (( \${#next} )) && _describe 'word' next
  return 0
}
if [ "$funcstack[1]" = _acc ]; then _acc "$@"; else compdef _acc acc; fi
`;
}

function writePlace({ words, next, options, takesFile }: Place): string {
  const nextPairs = next.map(({ word, summary }) => toPair(word, summary)).join(' ');
  const optionPairs = options.map(([name, { summary }]) => toPair(`--${name}`, summary)).join(' ');
  return `    ${quoteWord(words)}) next=(${nextPairs}); options=(${optionPairs})${takesFile ? '; _files' : ''} ;;`;
}

function writeValueCases({ words, options }: Place): string[] {
  return options
    .filter(([, { value }]) => value !== undefined)
    .map(([name, option]) => {
      const choices = listValues(option);
      const act =
        choices !== undefined
          ? `compadd -- ${choices.join(' ')}; return`
          : option.isFile === true
            ? '_files; return'
            : 'return';
      return `    ${quoteWord(`${words} --${name}`)}) ${act} ;;`;
    });
}

/** `word:what it does`; a colon inside is escaped, since the first one divides. */
function toPair(word: string, summary: string): string {
  return quoteWord(`${word.replaceAll(':', '\\:')}:${summary.replaceAll(':', '\\:')}`);
}
