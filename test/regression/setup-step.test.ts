import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
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
