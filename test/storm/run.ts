/**
 * `npm run storm -- --minutes N --seed S`: breaks everything that can break, in random order, and judges the
 * result (docs in test/storm/README.md). Needs `npm run build`. Exit 0 when every invariant held, 1 when not, 2 when it
 * could not be tried here.
 */
import { parseArgs } from 'node:util';
import { whyNoPreload } from '../support/preload/preload.ts';
import { describeStorm } from './describe-storm.ts';
import { runStorm } from './storm.ts';

const help = `
usage: npm run storm -- [--minutes N] [--seed S] [--shards N]

  --minutes N   how long things break, before all is repaired and judged; default 5
  --seed S      repeats the choices of a run (the timing of a machine never repeats); default: a new one
  --shards N    how many shards the store has; default 1
`.trim();

process.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      shards: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return say(help, 0);
  const [minutes, seed, shards] = [values.minutes, values.seed, values.shards].map(Number) as [
    number,
    number,
    number,
  ];
  if (!(minutes > 0) || !Number.isInteger(seed) || !Number.isInteger(shards))
    return say(`--minutes must be a number above 0, --seed and --shards whole numbers\n\n${help}`, 2);
  const obstacle = await whyNoPreload();
  if (obstacle !== undefined) return say(`no storm here: ${obstacle}`, 2);
  say(`storm of ${minutes} min, seed ${seed}, ${shards} shard(s)`, 0);
  const print = (line: string): void => void say(line, 0);
  const report = await runStorm({ durationMs: minutes * 60_000, seed, shards, print });
  return say(describeStorm(report), report.breaches.length === 0 ? 0 : 1);
}

function say(text: string, code: number): number {
  process.stdout.write(`${text}\n`);
  return code;
}
