/**
 * `npm run bench`: ours and the plain stack side by side, in one run on this machine. Needs `npm run build`. A missed
 * target is printed and is no failure; exit 1 means that something could not be measured.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Benchmark, fullScale, quickScale, type Scale } from './benchmark.ts';
import { benchmarks, curves } from './benchmarks.ts';
import { describeMachine, formatMachine } from './machine.ts';
import { formatResult, type Result } from './result.ts';
import { type Figure, toFigure } from './statistics.ts';
import { formatTable, nameOf } from './table.ts';

const all = [...benchmarks, ...curves];
const names = all.map(({ name }) => name);
const help = `
usage: npm run bench -- [--quick] [--curves] [--only NAME]… [--json FILE]

  --quick       small figures: whether everything can be measured; the figures are no claim
  --curves      the curves too: ${curves.map(({ name }) => name).join(', ')}
  --only NAME   ${names.join(', ')}
  --json FILE   writes every round of every figure
`.trim();

// A stack that failed half-way up may hold this process open; whatever it has started dies with it.
process.exit(await runBench(process.argv.slice(2)));

async function runBench(args: string[]): Promise<number> {
  const { only, help: isHelp, ...values } = parseOptions(args);
  const unknown = only.filter((name) => !names.includes(name));
  if (isHelp || unknown.length > 0) {
    console.log(unknown.length > 0 ? `There is no benchmark ${unknown.join(', ')}.\n\n${help}` : help);
    return isHelp ? 0 : 1;
  }
  const head = {
    at: new Date().toISOString(),
    commit: readCommit(),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    machine: describeMachine(),
    scale: values.quick ? quickScale : fullScale,
  };
  console.log(`${formatMachine(head.machine)}\n`);
  const chosen = all.filter(({ name }) => only.includes(name));
  const result: Result = { ...head, ...(await measureAll(chosen, head.scale)) };
  if (values.json !== undefined) writeFileSync(values.json, formatResult(result));
  print(result);
  return result.failed.length === 0 ? 0 : 1;
}

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      curves: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unnamed = values.curves ? all : benchmarks;
  return { ...values, only: values.only ?? unnamed.map(({ name }) => name) };
}

async function measureAll(chosen: readonly Benchmark[], scale: Scale) {
  const figures: Figure[] = [];
  const failed: string[] = [];
  for (const { name, measure } of chosen) {
    const begun = performance.now();
    try {
      figures.push(...(await measure(scale)).map(toFigure));
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    console.log(`${name.padEnd(20)}${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s`);
  }
  return { figures, failed };
}

function print({ figures, failed }: Result): void {
  const missed = figures.filter(({ verdict }) => verdict === 'MISSED');
  const wide = figures.filter(({ isWide }) => isWide === true);
  console.log(`\n${formatTable(figures)}\n`);
  console.log(
    'Median (least–most) of the rounds; ratio = ours ÷ what it is held against, the plain stack unless named.',
  );
  if (wide.length > 0)
    console.log(`wide, the least round more than 15 % below the median: ${listNames(wide)}`);
  console.log(
    missed.length === 0 ? 'Every target of PRF-2 that was measured is met.' : `MISSED: ${listNames(missed)}`,
  );
  for (const fault of failed) console.log(`NOT MEASURED: ${fault}`);
}

function listNames(figures: readonly Figure[]): string {
  return figures.map(nameOf).join('; ');
}

/** What was measured, with a mark where the tree is not as committed. */
function readCommit(): string {
  try {
    const commit = runGit('rev-parse', '--short', 'HEAD');
    return runGit('status', '--porcelain') === '' ? commit : `${commit} and changes`;
  } catch {
    return 'unknown';
  }
}

function runGit(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}
