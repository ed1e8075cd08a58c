import type { Command } from '../command.ts';
import { listPlaces, listValues, type Place } from './word-tree.ts';

/** A bash script (3.2 and later) made from the table: no program is started while somebody types. */
export function writeBashCompletions(commands: readonly Command[]): string {
  const places = listPlaces(commands);
  return `# acc completions for bash: source <(acc completions bash)
_acc() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words='' candidate word next='' index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    candidate="\${words:+$words }$word"
    case "$candidate" in
      ${places
        .filter(({ words }) => words !== '')
        .map(({ words }) => `'${words}'`)
        .join(' | ')}) words=$candidate ;;
    esac
  done
  case "$words $previous" in
${places.flatMap(writeValueCases).join('\n')}
  esac
  case "$words" in
${places.map(writePlace).join('\n')}
  esac
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$next" -- "$current"))
}
complete -o default -F _acc acc
`;
}

function writePlace({ words, next, options }: Place): string {
  const all = [...next.map(({ word }) => word), ...options.map(([name]) => `--${name}`)];
  return `    '${words}') next='${all.join(' ')}' ;;`;
}

/** After an option with a value: its choices, or (with nothing to offer) file names. */
function writeValueCases({ words, options }: Place): string[] {
  return options
    .filter(([, { value }]) => value !== undefined)
    .map(([name, option]) => {
      const choices = listValues(option);
      const act =
        choices === undefined
          ? 'return'
          : `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current")); return`;
      return `    '${words} --${name}') ${act} ;;`;
    });
}
