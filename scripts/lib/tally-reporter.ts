import { writeFileSync } from 'node:fs';

import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

/** What one vitest run comes to. `run-tests.ts` adds these up. */
export interface TestTally {
  readonly passed: number;
  readonly failed: readonly TalliedFailure[];
  readonly skipped: readonly TalliedSkip[];
}

export interface TalliedFailure {
  readonly name: string;
  readonly error: string;
}

export interface TalliedSkip {
  readonly name: string;
  readonly reason: string;
}

/**
 * Writes the tally of a run to `file`. A failed hook, a file that does not load and an unhandled error are failures
 * like a failed test; a skip keeps the reason that it was given (`context.skip('why')`), which vitest's own JSON drops.
 */
export function createTallyReporter(file: string): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const tests = modules.flatMap((module) => [...module.children.allTests()]);
      const tally: TestTally = {
        passed: tests.filter((test) => test.result().state === 'passed').length,
        failed: [
          ...tests.filter((test) => test.result().state === 'failed').map(describeFailure),
          ...modules.flatMap(listBrokenSuites),
          ...unhandledErrors.map((error) => ({
            name: 'unhandled error',
            error: error.stack ?? error.message,
          })),
        ],
        skipped: tests
          .filter((test) => !['passed', 'failed'].includes(test.result().state))
          .map(describeSkip),
      };
      writeFileSync(file, JSON.stringify(tally));
    },
  };
}

function describeFailure(test: TestCase): TalliedFailure {
  return { name: fullName(test), error: joinErrors(test.result().errors ?? []) };
}

function describeSkip(test: TestCase): TalliedSkip {
  return { name: fullName(test), reason: findSkipReason(test) };
}

function findSkipReason(test: TestCase): string {
  const result = test.result();
  if (result.state !== 'skipped') return 'it never ended';
  for (let above = test.parent; ; above = above.parent) {
    if (above.errors().length > 0) return 'a hook above it failed';
    if (above.type === 'module') return result.note ?? 'no reason given';
  }
}

/** Files that did not load and suites whose hooks failed: their tests may be counted nowhere else. */
function listBrokenSuites(module: TestModule): TalliedFailure[] {
  return [module, ...module.children.allSuites()]
    .filter((suite) => suite.errors().length > 0)
    .map((suite) => ({
      name:
        suite.type === 'module' ? suite.relativeModuleId : `${module.relativeModuleId} > ${suite.fullName}`,
      error: joinErrors(suite.errors()),
    }));
}

function fullName(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}

function joinErrors(errors: readonly SerializedError[]): string {
  return errors.map((error) => error.stack ?? error.message).join('\n');
}
