import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeResult } from '../test/support/bench-result.ts';
import { formatResult, readResult } from './result.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'result-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const result = makeResult(
  'npm run bench',
  {
    what: 'intake',
    unit: 'events/s',
    better: 'more',
    ours: [2_000, 2_100],
    theirs: [1_000, 1_000],
    target: { on: 'ratio', limit: 2 },
  },
  { what: 'memory', unit: 'MB', better: 'less', ours: [400] },
);

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
