import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRunningStack } from './control.ts';
import type { Report } from './report.ts';

export interface BackgroundOptions {
  readonly dataDir: string;
  readonly arguments: readonly string[];
  readonly report: Report;
}

/**
 * Starts the stack in the background and shows its output until it is ready. Resolves with exit code 0 then, or 1 when it
 * ended before. All output is kept in `<dataDir>/up.log`.
 */
export async function startInBackground({
  dataDir,
  arguments: passedOn,
  report,
}: BackgroundOptions): Promise<number> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const logFile = join(dataDir, 'up.log');
  const log = openSync(logFile, 'w');
  const program = fileURLToPath(new URL('up.js', import.meta.url));
  const child = spawn(process.execPath, [program, ...passedOn], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let isGone = false;
  child.once('exit', () => (isGone = true));
  let shown = 0;
  const show = (): void => {
    const text = readFileSync(logFile, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    if (end > shown) report.say(text.slice(shown, end - 1));
    shown = end;
  };
  for (;;) {
    const isReady = !isGone && (await readRunningStack(dataDir))?.phase === 'ready';
    show();
    if (isGone) return 1;
    if (isReady) {
      child.unref();
      return 0;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
