import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readResult } from '../../bench/result.ts';
import { findRoot } from '../../local/root.ts';

/** The machine may be busy: no figure is judged here, only that there is one. */
const timeoutMs = 300_000;
const benchMsMax = 280_000;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bench-smoke-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

test('PRF-1: npm run bench -- --quick measures everything', { timeout: timeoutMs }, async () => {
  const { result, output } = await runBench('--quick');
  expect(result.failed, output).toEqual([]);
  const measured = new Set(result.figures.map(({ what }) => what.split(/[,:]/)[0]));
  expect([...measured]).toEqual(
    expect.arrayContaining(['single intake', 'batch of 200', 'event to SMTP', 'mail', 'permit round trip']),
  );
  expect([...measured]).toEqual(
    expect.arrayContaining([
      'stop confirmed p99',
      'stop confirmed',
      'Redis per queued event',
      'memory',
      'start-up',
    ]),
  );
  expect(output).toMatch(/^(MISSED: |Every target of PRF-2 that was measured is met)/m);
});

test('a curve compares a service with itself at its base', { timeout: timeoutMs }, async () => {
  const { result, output } = await runBench('--quick', '--only', 'curve-depth');
  expect(result.failed, output).toEqual([]);
  expect(result.figures.map(({ what, point }) => [what, point?.base, point?.at])).toEqual(
    ['intake', 'intake p50', 'intake p99', 'planning', 'mails', 'Redis per event'].map((what) => [
      what,
      1_000,
      2_000,
    ]),
  );
});

async function runBench(...args: string[]) {
  const file = join(dir, 'result.json');
  const output = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [join(findRoot(), 'bench/run.ts'), ...args, '--json', file],
      { cwd: findRoot(), env: { PATH: process.env['PATH'] }, timeout: benchMsMax },
      (_error, stdout, stderr) => resolve(`${stdout}\n${stderr}`),
    );
  });
  return { result: readResult(file), output };
}
