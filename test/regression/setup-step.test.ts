import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';

/** A zombie has ended; its parent has only not asked yet. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

// An npm ci that went on alone would empty node_modules under the programs of the next start.
test('a setup that is ended takes the step under way with it', async () => {
  const script = `set -euo pipefail; . ${join(findRoot(), 'scripts/lib/setup.sh')}
    announce() { echo "$BASHPID" >&3; exec sleep 60; }
    run_step 'a long step' announce`;
  const setup = spawn('bash', ['-c', script], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const [line] = (await once(setup.stdio[3] as NodeJS.ReadableStream, 'data')) as [Buffer];
  const step = Number(line.toString());
  expect(isAlive(step)).toBe(true);
  setup.kill('SIGTERM');
  await once(setup, 'exit');
  await expect.poll(() => isAlive(step)).toBe(false);
});
