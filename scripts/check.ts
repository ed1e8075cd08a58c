/**
 * `npm run check`: everything about the tree that can be judged without running the service. All steps run, two at
 * a time; one line each, the output of those that failed below, and exit 1 when any did.
 */
import { type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Why this step cannot run here. It is said loudly, and is not a failure. */
  readonly blocked?: string;
}

interface StepResult {
  readonly step: Step;
  readonly verdict: 'ok' | 'FAILED' | 'blocked';
  readonly seconds: number;
  readonly output: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const stepsAtOnce = 2;
const generators = ['map', 'openapi', 'configuration', 'performance'];

process.exitCode = await runChecks();

async function runChecks(): Promise<number> {
  const waiting = await listSteps();
  const results: StepResult[] = [];
  const runNext = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const result = await runStep(step);
      results.push(result);
      console.log(
        `${result.verdict.padEnd(8)}${step.name.padEnd(26)}${result.seconds.toFixed(1).padStart(6)} s`,
      );
    }
  };
  await Promise.all(Array.from({ length: stepsAtOnce }, runNext));
  const failed = results.filter(({ verdict }) => verdict === 'FAILED');
  for (const { step, output } of failed)
    console.log(`\n--- ${step.name}: ${step.command.join(' ')}\n${output.trim()}`);
  for (const { step } of results)
    if (step.blocked !== undefined) console.log(`\nBLOCKED ${step.name}: ${step.blocked}`);
  console.log(
    failed.length === 0
      ? `\ncheck: ok, ${results.length} steps`
      : `\ncheck: ${failed.length} of ${results.length} steps failed: ${failed.map(({ step }) => step.name).join(', ')}`,
  );
  return failed.length === 0 ? 0 : 1;
}

/** Long steps first, so that two columns end at about the same time. */
async function listSteps(): Promise<Step[]> {
  const folders = ['src', 'workers', 'local', 'scripts', 'test', 'bench'].filter(isPresent);
  const shellFiles = listShellFiles();
  const hasShellcheck = (await runCommand(['shellcheck', '--version'])).exitCode === 0;
  return [
    { name: 'types', command: npx('tsc', '-p', '.') },
    { name: 'lint', command: npx('oxlint', '--type-aware', '--deny-warnings') },
    { name: 'directions and cycles', command: npx('depcruise', ...folders) },
    { name: 'one name, one thing', command: npx('vitest', 'run', 'scripts/exported-names.test.ts') },
    { name: 'dead code', command: npx('knip') },
    { name: 'code for tests alone', command: npx('knip', '--production', '--include', 'files,exports') },
    { name: 'format and import order', command: npx('biome', 'check', '--error-on-warnings') },
    ...generators
      .map((name) => `scripts/generate-${name}.ts`)
      .filter(isPresent)
      .map(
        (script): Step => ({
          name: `${script.slice(8, -3)} unchanged`,
          command: [process.execPath, script, '--check'],
        }),
      ),
    { name: 'requirements', command: [process.execPath, 'scripts/check-requirements.ts'] },
    {
      name: 'shell scripts',
      command: ['shellcheck', '-x', ...shellFiles],
      ...(hasShellcheck
        ? {}
        : { blocked: 'shellcheck is not installed (Debian: apt-get install shellcheck)' }),
    },
  ];
}

async function runStep(step: Step): Promise<StepResult> {
  if (step.blocked !== undefined) return { step, verdict: 'blocked', seconds: 0, output: '' };
  const startedAt = performance.now();
  const { exitCode, output } = await runCommand(step.command);
  const seconds = (performance.now() - startedAt) / 1000;
  return { step, verdict: exitCode === 0 ? 'ok' : 'FAILED', seconds, output };
}

/** Never rejects: a program that cannot be started is an exit code of its own. */
function runCommand([program, ...args]: readonly [string, ...string[]]): Promise<{
  exitCode: number;
  output: string;
}> {
  const options: SpawnOptions = { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] };
  return new Promise((resolve) => {
    const child = spawn(program, args, options);
    let output = '';
    const collect = (bytes: Buffer) => {
      output += bytes.toString('utf8');
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.once('error', (error) => resolve({ exitCode: 127, output: error.message }));
    child.once('close', (code) => resolve({ exitCode: code ?? 1, output }));
  });
}

/** A tool of the tree, started without npm in between. */
function npx(tool: string, ...args: string[]): [string, ...string[]] {
  return [join(root, 'node_modules', '.bin', tool), ...args];
}

function listShellFiles(): string[] {
  return ['scripts', '.ci'].filter(isPresent).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter(
        (path) => path.endsWith('.sh') || /^#!.*\b(ba)?sh\b/.test(readFileSync(path, 'utf8').slice(0, 80)),
      ),
  );
}

function isPresent(path: string): boolean {
  return existsSync(join(root, path));
}
