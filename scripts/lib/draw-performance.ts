import type { Result } from '../../bench/result.ts';
import { type Figure, type Spread, spreadOf } from '../../bench/statistics.ts';
import { formatNumber, formatTarget, nameOf } from '../../bench/table.ts';

/**
 * The figures of a run as an SVG: a bar for each target, and a small chart for each figure of each curve. It brings its own
 * background, light or dark as the reader's system is.
 */
export function drawPerformance({ figures }: Result): string {
  const targets = drawTargets(figures.filter(({ target }) => target !== undefined));
  const curves = drawCurves(
    figures.filter(({ point }) => point !== undefined),
    targets.height,
  );
  const height = targets.height + curves.height + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Targets and curves of the benchmark">`,
    style,
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...targets.lines,
    ...curves.lines,
    '</svg>\n',
  ].join('\n');
}

const width = 1040;
const margin = 24;
const style = `<style>
  text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
  .page { fill: #ffffff; } .title { font-size: 16px; font-weight: 600; } .head { font-weight: 600; }
  .note, .axis { fill: #59636e; } .axis { font-size: 11px; } .small { font-size: 10.5px; }
  .grid { stroke: #d1d9e0; } .mark { stroke: #1f2328; stroke-width: 1.5; } .whisker { stroke: #1f2328; stroke-opacity: .55; }
  .met { fill: #2da44e; } .missed { fill: #d4752b; } .line { fill: none; stroke: #0969da; stroke-width: 2; } .dot { fill: #0969da; }
  .range { stroke: #0969da; stroke-opacity: .45; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .page { fill: #0d1117; } .note, .axis { fill: #9198a1; } .grid { stroke: #2f353d; }
    .mark { stroke: #e6edf3; } .whisker { stroke: #e6edf3; } .met { fill: #2ea043; } .missed { fill: #db6d28; }
    .line, .range { stroke: #58a6ff; } .dot { fill: #58a6ff; }
  }
</style>`;

interface Drawing {
  readonly lines: readonly string[];
  /** Where it ends. */
  readonly height: number;
}

const bar = { x: 400, width: 400, height: 13, rowHeight: 24 } as const;
/** A bar ends here, however far above its target it is. */
const reachedMax = 2;

/** Every target is the same line, so that bars of seconds, bytes and ratios can stand in one picture: longer is better. */
function drawTargets(figures: readonly Figure[]): Drawing {
  const top = 92;
  const bottom = top + figures.length * bar.rowHeight;
  const ticks = [0, 0.5, 1, 1.5, reachedMax].flatMap((share) => [
    `<line class="${share === 1 ? 'mark' : 'grid'}" x1="${toX(share)}" x2="${toX(share)}" y1="${top - 6}" y2="${bottom}"/>`,
    write([toX(share), top - 12], share === 1 ? 'target' : `${share}×`, 'axis', 'middle'),
  ]);
  return {
    height: bottom + margin,
    lines: [
      write([margin, 34], 'Targets', 'title'),
      write(
        [margin, 54],
        'How much of its target each figure reaches: a bar that comes to the line meets it. Thin lines: from the least round to the most.',
        'note',
      ),
      ...ticks,
      ...figures.flatMap((figure, row) => drawTarget(figure, top + row * bar.rowHeight)),
    ],
  };
}

function drawTarget(figure: Figure, top: number): readonly string[] {
  const { target, unit, verdict, ratio, ourSpread } = figure;
  const spread = target?.on === 'ratio' && ratio !== undefined ? ratio : ourSpread;
  const reached = reachedOf(figure, spread.median);
  const text = top + bar.height + 1;
  const middle = top + 4 + bar.height / 2;
  const [from, to] = [spread.low, spread.high]
    .map((value) => toX(reachedOf(figure, value)))
    .toSorted((one, other) => one - other);
  const shown =
    target?.on === 'ratio' ? `${spread.median.toFixed(2)}×` : `${formatNumber(spread.median)} ${unit}`;
  return [
    write([bar.x - 10, text], nameOf(figure), '', 'end'),
    `<rect class="${verdict === 'pass' ? 'met' : 'missed'}" x="${bar.x}" y="${top + 4}" width="${toX(reached) - bar.x}" height="${bar.height}" rx="2"/>`,
    `<line class="whisker" x1="${from}" x2="${to}" y1="${middle}" y2="${middle}"/>`,
    write([bar.x + bar.width + 14, text], shown, 'head'),
    write([width - margin, text], formatTarget(figure), 'note', 'end'),
  ];
}

/** Above 1 the target is met, whether more or less is better. */
function reachedOf({ target, better }: Figure, value: number): number {
  const limit = target?.limit ?? Number.NaN;
  return better === 'more' ? value / limit : limit / value;
}

function toX(reached: number): number {
  return tidy(bar.x + (bar.width * Math.min(reached, reachedMax)) / reachedMax);
}

const panel = { left: 130, width: 178, height: 118, plotTop: 24, plotHeight: 56, inset: 22 } as const;

/** Rows: what grows. Columns: what was measured, each on one scale, so that rows can be compared. */
function drawCurves(figures: readonly Figure[], top: number): Drawing {
  if (figures.length === 0) return { lines: [], height: top };
  const columns = Map.groupBy(figures, ({ what }) => what);
  const rows = Map.groupBy(figures, ({ point }) => point?.over ?? '');
  const shown = [...columns].filter(([what]) => what !== 'intake p50');
  const firstRow = top + 72;
  const heads = shown.map(([what, [first]], column) =>
    write([panel.left + column * panel.width + panel.inset, firstRow - 8], `${what}, ${first?.unit}`, 'head'),
  );
  const panels = [...rows].flatMap(([over, inRow], row) => {
    const y = firstRow + row * panel.height;
    return [
      write([panel.left - 8, y + panel.plotTop + panel.plotHeight / 2 + 4], over, 'head', 'end'),
      ...shown.flatMap(([what, inColumn], column) =>
        drawPanel(
          inRow.filter((figure) => figure.what === what),
          { x: panel.left + column * panel.width, y, most: mostOf(inColumn) },
        ),
      ),
    ];
  });
  return {
    height: firstRow + rows.size * panel.height,
    lines: [
      write([margin, top + 24], 'Curves', 'title'),
      write(
        [margin, top + 44],
        'The same service while one thing grows, from left to right; each column has one scale, from zero.',
        'note',
      ),
      ...heads,
      ...panels,
    ],
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
  /** The value at the upper edge. */
  readonly most: number;
}

/** Points at equal distances, whatever lies between them. */
function drawPanel(figures: readonly Figure[], { x, y, most }: Place): readonly string[] {
  const points = listPoints(figures);
  if (points.length === 0) return [];
  const bottom = y + panel.plotTop + panel.plotHeight;
  const step = (panel.width - 2 * panel.inset) / Math.max(1, points.length - 1);
  const xOf = (index: number): number => tidy(x + panel.inset + index * step);
  const yOf = (value: number): number => tidy(bottom - (panel.plotHeight * value) / most);
  const path = points.map(({ spread }, index) => `${xOf(index)},${yOf(spread.median)}`).join(' ');
  return [
    `<line class="grid" x1="${x + 6}" x2="${x + panel.width - 6}" y1="${bottom}" y2="${bottom}"/>`,
    `<polyline class="line" points="${path}"/>`,
    ...points.flatMap(({ at, spread }, index) => [
      `<line class="range" x1="${xOf(index)}" x2="${xOf(index)}" y1="${yOf(spread.low)}" y2="${yOf(spread.high)}"/>`,
      `<circle class="dot" cx="${xOf(index)}" cy="${yOf(spread.median)}" r="3"/>`,
      write([xOf(index), yOf(spread.high) - 7], shorten(spread.median), 'small', 'middle'),
      write([xOf(index), bottom + 14], shorten(at), 'axis', 'middle'),
    ]),
  ];
}

/** Each point with its rounds; the first is what all of them were measured beside. */
function listPoints(figures: readonly Figure[]): readonly { at: number; spread: Spread }[] {
  const beside = figures.flatMap(({ theirs }) => theirs ?? []);
  const [first] = figures;
  if (first?.point === undefined || beside.length === 0) return [];
  const points = figures.map(({ point, ourSpread }) => ({ at: point?.at ?? Number.NaN, spread: ourSpread }));
  return [{ at: first.point.base, spread: spreadOf(beside) }, ...points];
}

function mostOf(figures: readonly Figure[]): number {
  return Math.max(...figures.flatMap(({ ours, theirs }) => [...ours, ...(theirs ?? [])]));
}

/** 12345 as `12.3 k`: a chart has no room for more. */
function shorten(value: number): string {
  if (value >= 1_000_000) return `${Number((value / 1_000_000).toPrecision(3))} M`;
  if (value >= 1_000) return `${Number((value / 1_000).toPrecision(3))} k`;
  return formatNumber(value);
}

function write([x, y]: readonly [number, number], text: string, name = '', anchor = 'start'): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text class="${name}" x="${x}" y="${y}" text-anchor="${anchor}">${escaped}</text>`;
}

function tidy(value: number): number {
  return Number(value.toFixed(1));
}
