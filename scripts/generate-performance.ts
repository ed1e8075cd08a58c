/**
 * `npm run generate:performance`: writes the tables of docs/performance.md and its picture from the last run that is
 * kept, bench/results/latest.json. `--check` changes nothing and exits 1 when they are not what that run says.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readResult } from '../bench/result.ts';
import { findRoot } from '../local/root.ts';
import { drawPerformance } from './lib/draw-performance.ts';
import { writePage } from './lib/performance-page.ts';

const result = readResult(join(findRoot(), 'bench/results/latest.json'));
const page = join(findRoot(), 'docs/performance.md');
const picture = join(findRoot(), 'docs/performance.svg');
const outputs = [
  { file: page, text: writePage(readFileSync(page, 'utf8'), result) },
  { file: picture, text: drawPerformance(result) },
];
if (process.argv.includes('--check')) {
  const stale = outputs.filter(({ file, text }) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
  for (const { file } of stale)
    console.error(`${file} is not what the kept run says: npm run generate:performance`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { file, text } of outputs) writeFileSync(file, text);
}
