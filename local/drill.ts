import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { requestDrill } from './control.ts';
import { drills } from './drills.ts';
import { findRoot } from './root.ts';

const list = Object.entries(drills).map(([name, { effect }]) => `  ${name.padEnd(16)} ${effect}`);
const help = `usage: acc drill NAME [--seconds N]

  Lets something fail beside a running ./scripts/up, for a minute unless you say otherwise. It mends itself.

${list.join('\n')}`;

/** Returns the exit code: 0 started, 1 no stack runs or the drill cannot start, 2 usage error. */
async function runCommand(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  });
  const [name] = positionals;
  if (name === undefined || values.help === true) return say(help, 0);
  const dataDir = resolve(findRoot(), process.env['LOCAL_DATA_DIR'] ?? '.data');
  const result = await requestDrill(dataDir, name, Number(values.seconds));
  if (result === undefined) return say('Nothing runs here. Start it: ./scripts/up', 1);
  return say(result.message, result.started ? 0 : 1);
}

function say(text: string, code: number): number {
  process.stdout.write(`${text}\n`);
  return code;
}

process.exitCode = await runCommand().catch((error: unknown) =>
  say(`${error instanceof Error ? error.message : String(error)}\n\n${help}`, 2),
);
