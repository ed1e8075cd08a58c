import { quoteWord } from '../../domain/quote-word.ts';
import type { Command } from '../command.ts';
import { listPlaces, listValues, type Place } from './word-tree.ts';

/** A fish script made from the table. */
export function writeFishCompletions(commands: readonly Command[]): string {
  const places = listPlaces(commands);
  return `# acc completions for fish: acc completions fish > ~/.config/fish/completions/acc.fish
function __acc_words
    set -l words
    for word in (commandline -opc)[2..-1]
        set -l candidate (string join -- ' ' $words $word)
        contains -- "$candidate" ${places
          .filter(({ words }) => words !== '')
          .map(({ words }) => quoteWord(words))
          .join(' ')}; and set words $words $word
    end
    string join -- ' ' $words
end
complete -c acc -e
${places.flatMap(writePlace).join('\n')}
`;
}

function writePlace({ words, next, options, takesFile }: Place): string[] {
  const at = `complete -c acc -n ${quoteWord(`test "$(__acc_words)" = ${words === '' ? '""' : `"${words}"`}`)}`;
  return [
    ...next.map(({ word, summary }) => `${at} -f -a ${quoteWord(word)} -d ${quoteWord(summary)}`),
    ...(takesFile ? [`${at} -F`] : [`${at} -f`]),
    ...options.map(([name, option]) => {
      const { value, isFile, summary } = option;
      const choices = listValues(option);
      const values = choices === undefined ? '' : ` -a ${quoteWord(choices.join(' '))}`;
      const kind = value === undefined ? '' : isFile === true ? ' -r -F' : ` -x${values}`;
      return `${at} -l ${name}${kind} -d ${quoteWord(summary)}`;
    }),
  ];
}
