import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { askDrill } from './control.ts';
import { drills } from './drills.ts';
import { findRoot } from './root.ts';

const list = Object.entries(drills).map(([name, { says }]) => `  ${name.padEnd(16)} ${says}`);
const help = `usage: acc drill NAME [--seconds N]

  Lets something fail beside a running ./scripts/up, for a minute unless you say otherwise. It mends itself.

${list.join('\n')}`;

/** Answers its exit code: 0 good, 1 nothing runs or it cannot be done, 2 not understood. */
async function runCommand(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  });
  const [name] = positionals;
  if (name === undefined || values.help === true) return say(help, 0);
  const dataDir = resolve(findRoot(), process.env['LOCAL_DATA_DIR'] ?? '.data');
  const answer = await askDrill(dataDir, name, Number(values.seconds));
  if (answer === undefined) return say('Nothing runs here. Start it: ./scripts/up', 1);
  return say(answer.said, answer.began ? 0 : 1);
}

function say(text: string, code: number): number {
  process.stdout.write(`${text}\n`);
  return code;
}

process.exitCode = await runCommand().catch((error: unknown) =>
  say(`${error instanceof Error ? error.message : String(error)}\n\n${help}`, 2),
);
