import { expect, test } from 'vitest';
import type { Measurement } from '../../bench/benchmark.ts';
import { makeResult } from '../../test/support/bench-result.ts';
import { drawPerformance } from './draw-performance.ts';
import { writePage } from './performance-page.ts';

const intake: Measurement = {
  what: 'intake <one>',
  unit: 'events/s',
  better: 'more',
  ours: [2_900, 3_000, 3_100],
  theirs: [1_000, 1_000, 1_000],
  target: { on: 'ratio', limit: 2 },
};
const memory: Measurement = {
  what: 'memory',
  unit: 'MB',
  better: 'less',
  ours: [800],
  target: { on: 'ours', limit: 400 },
};
const atDepth = (at: number, ours: number): Measurement => ({
  what: 'mails',
  unit: 'mails/s',
  better: 'more',
  ours: [ours],
  theirs: [1_000],
  against: 'at 1,000',
  point: { over: 'events queued', at, base: 1_000 },
});

const resultOf = (...measurements: readonly Measurement[]) =>
  makeResult('npm run bench -- --curves', ...measurements);

test('a bar is as long as the share of its target that was reached, whether more or less is better', () => {
  const svg = drawPerformance(resultOf(intake, memory));
  expect(
    [...svg.matchAll(/class="(met|missed)" x="400" y="\d+" width="(\d+)"/g)].map(([, ...bar]) => bar),
  ).toEqual([
    ['met', '300'],
    ['missed', '100'],
  ]);
  expect(svg).toContain('>intake &lt;one></text>');
  expect(svg).toContain('>3.00×</text>');
});

test('a curve begins with what its points were measured beside', () => {
  const svg = drawPerformance(resultOf(atDepth(10_000, 500), atDepth(1_000_000, 250)));
  const [, points = ''] = /<polyline class="line" points="([^"]*)"/.exec(svg) ?? [];
  const heights = points.split(' ').map((point) => Number(point.split(',')[1]));
  const bottom = (heights[0] ?? 0) + 56;
  expect(heights.map((height) => bottom - height)).toEqual([56, 28, 14]);
  expect(svg).toContain('>1 M</text>');
});

test('a run without curves is drawn without them', () => {
  expect(drawPerformance(resultOf(memory))).not.toContain('Curves');
});

const marks = [
  '<!-- From bench/results/latest.json: npm run generate:performance -->',
  '<!-- End of what is generated. -->',
];

test('the tables of the page are written anew between their marks, and nothing else is touched', () => {
  const page = `# Mine\n\n${marks[0]}\n\nold\n\n${marks[1]}\n\nMine too\n`;
  const written = writePage(page, resultOf(intake, memory, atDepth(10_000, 500)));
  expect(written).toMatch(/^# Mine\n[^]*\n\nMine too\n$/);
  expect(written).not.toContain('old');
  expect(written).toContain(
    '2026-11-30, commit 0d7ce84, `npm run bench -- --curves`. 2 cores (AMD EPYC), 24 GB',
  );
  expect(written).toContain('### Targets: 1 of 2 met');
  expect(written).toContain('| memory, MB | 800 |  |  | ≤ 400 | **missed** |');
  expect(written).toContain(
    '| mails, 10,000 events queued, mails/s | 500 | 1,000 at 1,000 | 0.50× (0.50–0.50) |  |  |',
  );
  expect(writePage(written, resultOf(intake, memory, atDepth(10_000, 500)))).toBe(written);
});

test('a page without the marks is left alone, loudly', () => {
  expect(() => writePage('# Mine\n', resultOf(memory))).toThrow('needs the lines');
});
