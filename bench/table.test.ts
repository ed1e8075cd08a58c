import { expect, test } from 'vitest';
import { toFigure } from './statistics.ts';
import { formatTable } from './table.ts';

test('a figure is one line: spread of both sides, ratio, target and verdict', () => {
  const table = formatTable([
    toFigure({
      what: 'single intake',
      unit: 'req/s',
      better: 'more',
      ours: [1_900, 2_000, 2_100],
      theirs: [1_000, 1_000, 1_000],
      target: { on: 'ratio', limit: 2.5 },
    }),
  ]);
  const [head, line] = table.split('\n');
  expect(head).toMatch(/^ +ours +against +ratio +target$/);
  expect(line).toBe('single intake, req/s  2,000 (1,900–2,100)  1,000    2.00× (1.90–2.10)  ≥ 2.5×  MISSED');
});

test('a figure that nothing compares with leaves the place blank, and a target may be on ours alone', () => {
  const [, line] = formatTable([
    toFigure({ what: 'stop', unit: 'ms', better: 'less', ours: [12.345], target: { on: 'ours', limit: 50 } }),
  ]).split('\n');
  expect(line).toBe('stop, ms  12.3                  ≤ 50    pass');
});

test('what stands beside ours is named where it is not the plain stack', () => {
  const [, line] = formatTable([
    toFigure({
      what: 'permit',
      unit: 'µs',
      better: 'less',
      ours: [200],
      theirs: [100],
      against: 'one fsynced SET',
    }),
  ]).split('\n');
  expect(line).toBe('permit, µs  200   100 one fsynced SET  2.00× (2.00–2.00)');
});

test('a verdict that rests on rounds far apart says so, and a point of a curve says where it is', () => {
  const [, line] = formatTable([
    toFigure({
      what: 'intake',
      unit: 'events/s',
      better: 'more',
      ours: [700, 1_000, 1_000],
      theirs: [1_000, 1_000, 1_000],
      against: 'at 1,000',
      target: { on: 'ratio', limit: 0.9 },
      point: { over: 'events queued', at: 1_000_000, base: 1_000 },
    }),
  ]).split('\n');
  expect(line).toBe(
    'intake, 1,000,000 events queued, events/s  1,000 (700–1,000)  1,000 at 1,000  1.00× (0.70–1.00)  ≥ 0.9×  pass, wide',
  );
});
