import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { TestTally } from './tally-reporter.ts';

const mixedTests = `
  test('good', () => {});
  test('bad', () => { throw new Error('the reason of bad'); });
  test('left out', (context) => { context.skip(true, 'no browser here'); });
  test.skip('left out without a word', () => {});
  describe('broken hook', () => {
    beforeAll(() => { throw new Error('the reason of the hook'); });
    test('never runs', () => {});
  });
  test('leaves a rejection behind', () => { void Promise.reject(new Error('the reason of the rejection')); });
`;

let dir = '';
let tally: TestTally;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tally-reporter-'));
  const tallyFile = join(dir, 'tally.json');
  const reporter = JSON.stringify(fileURLToPath(new URL('tally-reporter.ts', import.meta.url)));
  await writeFile(join(dir, 'mixed.test.ts'), mixedTests);
  await writeFile(join(dir, 'unloadable.test.ts'), `throw new Error('the reason of the file');`);
  await writeFile(
    join(dir, 'vitest.config.ts'),
    `import { createTallyReporter } from ${reporter};
     export default { test: { globals: true, reporters: [createTallyReporter(${JSON.stringify(tallyFile)})] } };`,
  );
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  // It must fail; what counts is what it wrote.
  await promisify(execFile)(process.execPath, [vitest, 'run', '--root', dir]).catch(() => undefined);
  tally = JSON.parse(await readFile(tallyFile, 'utf8'));
}, 30_000);

afterAll(() => rm(dir, { recursive: true, force: true }));

test('only what ran to a good end is counted as passed', () => {
  expect(tally.passed).toBe(2);
});

test.each(['bad', 'the hook', 'the file', 'the rejection'])(
  'a failure is counted with its reason: %s',
  (what) => {
    expect(tally.failed.filter(({ error }) => error.includes(`the reason of ${what}`))).toHaveLength(1);
  },
);

test('a skip keeps the reason it was given, and one without a reason is shown as that', () => {
  expect(tally.skipped).toEqual(
    expect.arrayContaining([
      { name: 'mixed.test.ts > left out', reason: 'no browser here' },
      { name: 'mixed.test.ts > left out without a word', reason: 'no reason given' },
      { name: 'mixed.test.ts > broken hook > never runs', reason: 'a hook above it failed' },
    ]),
  );
});
