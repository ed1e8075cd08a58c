/**
 * `npm run bench`: ours and the plain stack side by side, in one run on this machine. Needs `npm run build`. A missed
 * target is printed and is no failure; exit 1 means that something could not be measured.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Benchmark, fullScale, type Measurement, quickScale, type Scale } from './benchmark.ts';
import { benchmarks } from './benchmarks.ts';
import { describeMachine, formatMachine, type Machine } from './machine.ts';
import { judge } from './statistics.ts';
import { formatTable } from './table.ts';

const names = benchmarks.map(({ name }) => name);
const help = `
usage: npm run bench -- [--quick] [--only NAME]… [--json FILE]

  --quick       a minute on two quiet cores; good for a look, not for a claim
  --only NAME   ${names.join(', ')}
  --json FILE   writes every round of every figure
`.trim();

// A stack that failed half-way up may hold this process open; whatever it has started dies with it.
process.exit(await runBench());

async function runBench(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: names },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = values.only.filter((name) => !names.includes(name));
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `There is no benchmark ${unknown.join(', ')}.\n\n${help}` : help);
    return values.help ? 0 : 1;
  }
  const machine = describeMachine();
  console.log(`${formatMachine(machine)}\n`);
  const scale = values.quick ? quickScale : fullScale;
  const { figures, failed } = await measureAll(
    benchmarks.filter(({ name }) => values.only.includes(name)),
    scale,
  );
  const missed = figures.filter((figure) => judge(figure) === 'MISSED');
  console.log(`\n${formatTable(figures)}\n`);
  console.log(
    'Median (least–most) of the rounds; ratio = ours ÷ what it is held against, the plain stack unless named.',
  );
  console.log(
    missed.length === 0
      ? 'Every target of PRF-2 that was measured is met.'
      : `MISSED: ${missed.map(({ what }) => what).join('; ')}`,
  );
  for (const fault of failed) console.log(`NOT MEASURED: ${fault}`);
  if (values.json !== undefined) writeJson(values.json, { machine, scale, figures, failed });
  return failed.length === 0 ? 0 : 1;
}

async function measureAll(chosen: readonly Benchmark[], scale: Scale) {
  const figures: Measurement[] = [];
  const failed: string[] = [];
  for (const { name, measure } of chosen) {
    const begun = performance.now();
    try {
      figures.push(...(await measure(scale)));
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    console.log(`${name.padEnd(15)}${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s`);
  }
  return { figures, failed };
}

interface Result {
  readonly machine: Machine;
  readonly scale: Scale;
  readonly figures: readonly Measurement[];
  /** What could not be measured, and why. */
  readonly failed: readonly string[];
}

function writeJson(file: string, result: Result): void {
  const figures = result.figures.map((figure) => ({ ...figure, verdict: judge(figure) ?? null }));
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...result, figures }, null, 2)}\n`);
}
