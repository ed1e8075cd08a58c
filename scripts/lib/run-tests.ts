/**
 * Runs the layers of tests one after another and adds up what really ran. Usage: run-tests.ts [layer…]
 *
 * Prints every failure and every skip with its reason, and as the last line `N passed, N failed, N skipped`. Exit 1
 * when anything failed, or when nothing ran at all.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { TestTally } from './tally-reporter.ts';

/** The quick ones first: what is broken shows early. */
const layers = ['unit', 'golden', 'conformance', 'regression', 'integration', 'e2e', 'faults'];
/** Only when they are named: they take longer than anybody waits for after each change. */
const longLayers = ['long'];
const root = fileURLToPath(new URL('../..', import.meta.url));
/** A layer that has not ended by then is killed, and that is a failure. */
const layerDeadlineMs = 20 * 60_000;
const longLayerDeadlineMs = 60 * 60_000;

process.exitCode = await runTests(process.argv.slice(2));

async function runTests(chosen: readonly string[]): Promise<number> {
  const known = [...layers, ...longLayers];
  const unknown = chosen.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no layer ${unknown.join(', ')}. The layers are: ${known.join(', ')}.`);
    return 2;
  }
  const tallies: TestTally[] = [];
  for (const layer of chosen.length > 0 ? chosen : layers) tallies.push(await runLayer(layer));
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  const failed = tallies.flatMap((tally) => tally.failed);
  const skipped = tallies.flatMap((tally) => tally.skipped);
  for (const { name, error } of failed) console.log(`\nFAILED  ${name}\n${indent(error)}`);
  if (skipped.length > 0) console.log('');
  for (const { name, reason } of skipped) console.log(`SKIPPED ${name}: ${reason}`);
  if (passed + failed.length === 0)
    console.log('\nNot one test ran: that proves nothing, and counts as a failure.');
  console.log(`\n${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return failed.length === 0 && passed > 0 ? 0 : 1;
}

async function runLayer(layer: string): Promise<TestTally> {
  const dir = mkdtempSync(join(tmpdir(), 'tally-'));
  const file = join(dir, 'tally.json');
  console.log(`\n== ${layer}`);
  const startedAt = performance.now();
  const end = await runVitest(layer, file);
  const tally = readTally(file, layer, end);
  rmSync(dir, { recursive: true });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const counts = `${tally.passed} passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped`;
  console.log(`== ${layer}: ${counts} in ${seconds} s`);
  return tally;
}

/** Resolves with the exit code, or with the signal that ended it. */
function runVitest(layer: string, tallyFile: string): Promise<number | string> {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--project', layer, '--passWithNoTests'];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, TEST_TALLY_FILE: tallyFile },
      timeout: longLayers.includes(layer) ? longLayerDeadlineMs : layerDeadlineMs,
      killSignal: 'SIGKILL',
    });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'no exit code'));
  });
}

/** A run that ended badly without naming a failure is one failure: silence is never a pass. */
function readTally(file: string, layer: string, end: number | string): TestTally {
  const tally = parseTally(file);
  if (tally !== undefined && (end === 0 || tally.failed.length > 0)) return tally;
  const failure = {
    name: layer,
    error: `the run ended with ${end} and named no failed test; its output is above`,
  };
  return { passed: tally?.passed ?? 0, failed: [failure], skipped: tally?.skipped ?? [] };
}

function parseTally(file: string): TestTally | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, '        ');
}
