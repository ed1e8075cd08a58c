/**
 * `npm run generate:monitoring`: writes the rules, their tests, the routes and the dashboard, all from the table of
 * thresholds and the table of metrics. `--check` changes nothing and exits 1 when they are not what the tables say.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findRoot } from '../local/root.ts';
import { listOutputs } from './lib/monitoring/outputs.ts';

const root = findRoot();
const outputs = Object.entries(listOutputs()).map(([path, text]) => ({ path, text: format(path, text) }));
if (process.argv.includes('--check')) {
  const stale = outputs.filter(({ path, text }) => read(path) !== text);
  for (const { path } of stale)
    console.error(`${path} is not what the tables say: npx tsx scripts/generate-monitoring.ts`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { path, text } of outputs) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** As the tree's formatter would leave it, so that the two never fight. */
function format(path: string, text: string): string {
  const biome = join(root, 'node_modules', '.bin', 'biome');
  const done = spawnSync(biome, ['format', `--stdin-file-path=${path}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`${path} cannot be formatted: ${done.stderr}`);
  return done.stdout;
}

function read(path: string): string {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return '';
  }
}
