import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';

// Each starts vitest anew.
vi.setConfig({ testTimeout: 30_000 });

const mixed = `
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
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

test('only what ran to a good end is counted as passed; failures and skips keep their reasons', async () => {
  const { code, said } = await runTests({
    'unit/mixed.test.ts': mixed,
    'unit/unloadable.test.ts': `throw new Error('the reason of the file');`,
    'e2e/good.test.ts': `test('good', () => {});`,
  });
  expect(code).toBe(1);
  expect(said).toMatch(/\n3 passed, 4 failed, 3 skipped\n$/);
  const failures = said.split(/^FAILED /m).slice(1);
  for (const what of ['bad', 'the hook', 'the file', 'the rejection'])
    expect(failures.filter((failure) => failure.includes(`the reason of ${what}\n`))).toHaveLength(1);
  expect(said.match(/^SKIPPED .*$/gm)).toEqual([
    'SKIPPED unit/mixed.test.ts > left out: no browser here',
    'SKIPPED unit/mixed.test.ts > left out without a word: no reason given',
    'SKIPPED unit/mixed.test.ts > broken hook > never runs: a hook above it failed',
  ]);
});

test('only the layers that were named run, and a good run ends with 0', async () => {
  const files = { 'unit/bad.test.ts': mixed, 'e2e/good.test.ts': `test('good', () => {});` };
  const { code, said } = await runTests(files, 'e2e');
  expect({ code, said }).toEqual({
    code: 0,
    said: expect.stringMatching(/\n1 passed, 0 failed, 0 skipped\n$/),
  });
});

test('of a file that was named only its tests run, in whichever layer it is', async () => {
  const files = {
    'unit/bad.test.ts': mixed,
    'e2e/good.test.ts': `test('good', () => {});`,
    'e2e/other.test.ts': `test('other', () => {});`,
  };
  const { code, said } = await runTests(files, 'e2e/good.test.ts');
  expect({ code, said }).toEqual({
    code: 0,
    said: expect.stringMatching(/\n1 passed, 0 failed, 0 skipped\n$/),
  });
});

test('a layer that nobody knows is told, and nothing runs', async () => {
  expect(await runTests({}, 'e2e', 'nope')).toEqual({
    code: 2,
    said: expect.stringMatching(/^There is no layer, and no file, nope\. The layers are: unit, .*long\.\n$/),
  });
});

test.each([
  [
    'no test runs',
    { 'unit/skipped.test.ts': `test.skip('one', () => {});` },
    '0 passed, 0 failed, 1 skipped',
  ],
  [
    'a worker dies',
    { 'unit/dead.test.ts': `test('one', () => process.kill(process.pid, 'SIGKILL'));` },
    '0 passed, 1 failed, 1 skipped',
  ],
  ['the run itself does', { 'vitest.config.ts': 'throw new Error();' }, '0 passed, 1 failed, 0 skipped'],
])('it is a failure when %s', async (_what, files, lastLine) => {
  const { code, said } = await runTests(files);
  expect({ code, lastLine: said.trimEnd().split('\n').at(-1) }).toEqual({ code: 1, lastLine });
});

async function runTests(files: Readonly<Record<string, string>>, ...chosen: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'run-tests-'));
  folders.push(folder);
  const projects = ['unit', 'e2e'].map((name, groupOrder) => ({
    test: { name, include: [`${name}/*.test.ts`], globals: true, sequence: { groupOrder } },
  }));
  const all = { 'vitest.config.ts': `export default ${JSON.stringify({ test: { projects } })};`, ...files };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const program = fileURLToPath(new URL('run-tests.ts', import.meta.url));
  const child = spawn(process.execPath, [program, ...chosen], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, said: chosen.includes('nope') ? stderr : stdout };
}
