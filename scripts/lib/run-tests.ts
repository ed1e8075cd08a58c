/**
 * Runs the layers of tests of the current folder, one after another, and counts what really ran. Usage:
 * run-tests.ts [layer | file]…
 *
 * Prints every failure and every skip with its reason, and as the last line `N passed, N failed, N skipped`. Exit 1
 * when anything failed, or when nothing ran at all; 2 when there is no such layer.
 */
import { existsSync } from 'node:fs';
import { createVitest, type TestCase, type TestModule, type TestSuite, type Vitest } from 'vitest/node';

interface Finding {
  readonly name: string;
  readonly reason: string;
}

const layers = [
  'unit',
  'golden',
  'conformance',
  'integration',
  'integration-4-shards',
  'regression',
  'e2e',
  'faults',
  'faults-4-shards',
];
/** Only when they are named: they take longer than anybody waits for after each change. */
const longLayers = ['long'];
/** A run that has not ended by then is a failure. */
const deadlineMs = 60 * 60_000;

await runTests(process.argv.slice(2));
process.exit();

async function runTests(chosen: readonly string[]): Promise<void> {
  const known = [...layers, ...longLayers];
  const files = chosen.filter((name) => existsSync(name) && !known.includes(name));
  const unknown = chosen.filter((name) => !known.includes(name) && !files.includes(name));
  if (unknown.length > 0) {
    console.error(
      `There is no layer, and no file, ${unknown.join(', ')}. The layers are: ${known.join(', ')}.`,
    );
    process.exit(2);
  }
  let vitest: Vitest | undefined;
  let hasEnded = false;
  // However the process ends: vitest ends it by itself when it meets what it does not expect.
  process.once('exit', (code) => {
    const failed = vitest === undefined ? [] : listFailures(vitest);
    // Silence is never a pass.
    if (!hasEnded || (code !== 0 && failed.length === 0))
      failed.push({ name: 'the run', reason: `it ended with exit code ${code}; its output is above` });
    process.exitCode = report(vitest?.state.getTestModules() ?? [], failed);
  });
  setTimeout(() => process.exit(1), deadlineMs).unref();
  const named = chosen.filter((name) => known.includes(name));
  const project = named.length > 0 ? named : files.length > 0 ? known : layers;
  vitest = await createVitest('test', { watch: false, passWithNoTests: true, project });
  await vitest.start(files);
  hasEnded = true;
  await vitest.close();
}

/** Returns the exit code. */
function report(modules: readonly TestModule[], failed: readonly Finding[]): number {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const passed = tests.filter(hasPassed);
  const skipped = tests.filter((test) => !['passed', 'failed'].includes(test.result().state));
  console.log('');
  for (const [layer, own] of Map.groupBy(tests, (test) => test.project.name))
    console.log(`== ${layer}: ${own.filter(hasPassed).length} passed in ${measureSeconds(own)} s`);
  for (const { name, reason } of failed)
    console.log(`\nFAILED  ${name}\n${reason.replace(/^/gm, '        ')}`);
  console.log('');
  for (const test of skipped) console.log(`SKIPPED ${fullName(test)}: ${findSkipReason(test)}`);
  if (passed.length + failed.length === 0)
    console.log('Not one test ran: that proves nothing, and counts as a failure.');
  console.log(`\n${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return failed.length === 0 && passed.length > 0 ? 0 : 1;
}

/** A failed hook, a file that does not load and an unhandled error are failures like a failed test. */
function listFailures({ state }: Vitest): Finding[] {
  const modules = state.getTestModules();
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const tests = modules.flatMap((module) => [...module.children.allTests('failed')]);
  return [
    ...tests.map((test) => ({ name: fullName(test), reason: joinErrors(test.result().errors ?? []) })),
    ...suites
      .filter((suite) => suite.errors().length > 0)
      .map((suite) => ({ name: fullName(suite), reason: joinErrors(suite.errors()) })),
    ...state.getUnhandledErrors().map((error) => ({ name: 'unhandled error', reason: joinErrors([error]) })),
  ];
}

/** The reason it was given (`context.skip('why')`): the reporters of vitest drop it. */
function findSkipReason(test: TestCase): string {
  const result = test.result();
  if (result.state !== 'skipped') return 'it never ended';
  for (let above = test.parent; ; above = above.parent) {
    if (above.errors().length > 0) return 'a hook above it failed';
    if (above.type === 'module') return result.note ?? 'no reason given';
  }
}

function hasPassed(test: TestCase): boolean {
  return test.result().state === 'passed';
}

function measureSeconds(tests: readonly TestCase[]): string {
  const spans = tests.map((test) => test.diagnostic()).filter((span) => span !== undefined);
  const first = Math.min(...spans.map(({ startTime }) => startTime));
  const last = Math.max(...spans.map(({ startTime, duration }) => startTime + duration));
  return (spans.length === 0 ? 0 : (last - first) / 1000).toFixed(1);
}

function fullName(one: TestCase | TestSuite | TestModule): string {
  return one.type === 'module' ? one.relativeModuleId : `${one.module.relativeModuleId} > ${one.fullName}`;
}

function joinErrors(errors: readonly unknown[]): string {
  return errors
    .map((error) =>
      error instanceof Error || isSerialized(error) ? (error.stack ?? error.message) : String(error),
    )
    .join('\n');
}

function isSerialized(error: unknown): error is { message: string; stack?: string } {
  return typeof error === 'object' && error !== null && 'message' in error;
}
