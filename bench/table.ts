import type { CurvePoint } from './benchmark.ts';
import type { Figure, Spread } from './statistics.ts';

const columns = ['', 'ours', 'against', 'ratio', 'target', ''] as const;

/** The figures as text, a line each: median and, in brackets, least and most of the rounds. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = [columns, ...figures.map(toCells)];
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

/** What it is, ours, what it is held against, their ratio, the target, the verdict. */
export function toCells(figure: Figure): readonly string[] {
  const { ourSpread, theirSpread, ratio, against, verdict, isWide } = figure;
  const theirs = [
    theirSpread === undefined ? [] : [formatSpread(theirSpread)],
    against === undefined ? [] : [against],
  ].flat();
  return [
    `${nameOf(figure)}, ${figure.unit}`,
    formatSpread(ourSpread),
    theirs.join(' '),
    ratio === undefined
      ? ''
      : `${ratio.median.toFixed(2)}× (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`,
    formatTarget(figure),
    [verdict ?? [], isWide === true ? 'wide' : []].flat().join(', '),
  ];
}

/** What it is, and where on a curve. */
export function nameOf({ what, point }: Pick<Figure, 'what' | 'point'>): string {
  return point === undefined ? what : `${what}, ${formatPoint(point, point.at)}`;
}

export function formatPoint({ over }: CurvePoint, at: number): string {
  return `${at.toLocaleString('en-US')} ${over}`;
}

export function formatTarget({ target, better }: Figure): string {
  if (target === undefined) return '';
  return `${better === 'more' ? '≥' : '≤'} ${formatNumber(target.limit)}${target.on === 'ratio' ? '×' : ''}`;
}

function formatSpread({ median, low, high }: Spread): string {
  const range = low === high ? '' : ` (${formatNumber(low)}–${formatNumber(high)})`;
  return `${formatNumber(median)}${range}`;
}

/** Three digits that count; more would be noise. */
export function formatNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
