import { formatMachine } from '../../bench/machine.ts';
import type { Result } from '../../bench/result.ts';
import type { Figure } from '../../bench/statistics.ts';
import { toCells } from '../../bench/table.ts';

const begin = '<!-- From bench/results/latest.json: npm run generate:performance -->';
const end = '<!-- End of what is generated. -->';

/** The page with its tables anew; all outside the two marks is written by hand. Throws when a mark is missing. */
export function writePage(page: string, result: Result): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page needs the lines "${begin}" and "${end}"`);
  return `${page.slice(0, from + begin.length)}\n\n${writeResult(result)}\n\n${page.slice(to)}`;
}

function writeResult(result: Result): string {
  const { at, commit, command, machine, scale, figures, failed } = result;
  const claim =
    scale.name === 'full'
      ? `${scale.rounds} rounds.`
      : '**A quick run: whether everything can be measured. Its figures are no claim.**';
  const judged = figures.filter(({ target }) => target !== undefined);
  const met = judged.filter(({ verdict }) => verdict === 'pass').length;
  return [
    `${at.slice(0, 10)}, commit ${commit}, \`${command}\`. ${formatMachine(machine)}. ${claim}`,
    ...failed.map((fault) => `**Not measured:** ${fault}`),
    '![Targets and curves](performance.svg)',
    `### Targets: ${met} of ${judged.length} met`,
    writeTable(judged),
    '### Everything that was measured',
    `<details><summary>${figures.length} figures</summary>`,
    writeTable(figures),
    '</details>',
  ].join('\n\n');
}

function writeTable(figures: readonly Figure[]): string {
  const head = ['figure', 'ours', 'against', 'ratio', 'target', ''];
  return [head, head.map(() => '---'), ...figures.map(toRow)]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

function toRow(figure: Figure): readonly string[] {
  return toCells(figure).map((cell) => cell.replace('MISSED', '**missed**'));
}
