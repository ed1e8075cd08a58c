import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fullScale } from './benchmark.ts';
import { formatResult, type Result, readResult } from './result.ts';
import { toFigure } from './statistics.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'result-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const result: Result = {
  at: '2026-11-30T00:00:00.000Z',
  commit: '0d7ce84',
  command: 'npm run bench',
  machine: {
    cores: 2,
    cpu: 'AMD',
    memoryGb: 24,
    node: 'v24.22.3',
    redis: '7.0.15',
    loadBefore: 0.1,
    fdatasyncMs: 0.1,
  },
  scale: fullScale,
  figures: [
    toFigure({
      what: 'intake',
      unit: 'events/s',
      better: 'more',
      ours: [2_000, 2_100],
      theirs: [1_000, 1_000],
      target: { on: 'ratio', limit: 2 },
    }),
    toFigure({ what: 'memory', unit: 'MB', better: 'less', ours: [400] }),
  ],
  failed: [],
};

test('a result that is written is read back whole, one figure a line', () => {
  const file = join(dir, 'result.json');
  writeFileSync(file, formatResult(result));
  expect(readResult(file)).toEqual(result);
  expect(
    formatResult(result)
      .split('\n')
      .filter((line) => line.includes('"what"')),
  ).toHaveLength(2);
});

test('a round that is no number is not read as a figure', () => {
  const file = join(dir, 'result.json');
  writeFileSync(file, formatResult(result).replace('[2000,2100]', '[2000,null]'));
  expect(() => readResult(file)).toThrow(RangeError);
});
