import type { Measurement } from './benchmark.ts';
import { judge, ratioOf, type Spread, spreadOf } from './statistics.ts';

const columns = ['', 'ours', 'against', 'ratio', 'target', ''] as const;

/** The measurements as text, a line each: median and, in brackets, least and most of the rounds. */
export function formatTable(figures: readonly Measurement[]): string {
  const rows = [columns, ...figures.map(toRow)];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function toRow(figure: Measurement): readonly string[] {
  const { theirs, against, target, better } = figure;
  const ratio = ratioOf(figure);
  const sign = better === 'more' ? '≥' : '≤';
  return [
    `${figure.what}, ${figure.unit}`,
    formatSpread(spreadOf(figure.ours)),
    theirs === undefined
      ? ''
      : `${formatSpread(spreadOf(theirs))}${against === undefined ? '' : ` ${against}`}`,
    ratio === undefined
      ? ''
      : `${ratio.median.toFixed(2)}× (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`,
    target === undefined ? '' : `${sign} ${formatNumber(target.limit)}${target.on === 'ratio' ? '×' : ''}`,
    judge(figure) ?? '',
  ];
}

function formatSpread({ median, low, high }: Spread): string {
  const range = low === high ? '' : ` (${formatNumber(low)}–${formatNumber(high)})`;
  return `${formatNumber(median)}${range}`;
}

/** Three digits that count; more would be noise. */
function formatNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
