import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../test/support/wait-for.ts';
import { openRotatingLog } from './rotating-log.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rotating-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('the newest lines are kept, in two files of bounded size, none lost or torn between them', async () => {
  const file = join(dir, 'a.log');
  const log = openRotatingLog(file, { max: 1_000 });
  const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}`);
  for (const [index, line] of lines.entries()) {
    log.writeLine(line);
    // As a process does: now and then the loop turns.
    if (index % 10 === 0) await new Promise(setImmediate);
  }
  log.end();
  const [older, newer] = await waitFor(
    'the last line is on disk',
    () => Promise.all([`${file}.1`, file].map((name) => readFile(name, 'utf8'))),
    (texts) => texts[1]?.endsWith('line 999\n') === true,
  );
  const kept = `${older}${newer}`.trimEnd().split('\n');
  expect(kept).toEqual(lines.slice(-kept.length));
  expect(kept.length).toBeGreaterThan(90);
  for (const text of [older, newer]) expect(text?.length).toBeLessThan(1_100);
  expect(await readdir(dir)).toHaveLength(2);
});
