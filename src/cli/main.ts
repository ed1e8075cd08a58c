import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { readEnvironment } from '../config/environment.ts';
import { findProgramRoot } from '../config/program-root.ts';
import { runAcc } from './run-acc.ts';

// A reader that goes away (| head) ends the command, quietly.
process.stdout.on('error', () => process.exit(0));

const programRoot = findProgramRoot();
const environment = readEnvironment();
process.exitCode = await runAcc(
  process.argv.slice(2),
  {
    environment,
    readText: (path) => (path === '-' ? text(process.stdin) : readFile(path, 'utf8')),
    writeText: (path, content) => writeFile(path, content, { mode: 0o600 }),
    now: () => Date.now(),
    monotonicNow: () => performance.now(),
    delay: async (ms) => {
      await delay(ms);
    },
    actor: `cli:${readUser()}@${hostname()}`,
    version: readVersion(),
    programRoot,
    readScreenSize: () =>
      process.stdout.isTTY
        ? { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }
        : undefined,
    onInterrupt: (act) => void process.once('SIGINT', act),
  },
  {
    writeOut: (content) => process.stdout.write(content),
    writeError: (content) => process.stderr.write(content),
    isColoured: process.stdout.isTTY && (environment['NO_COLOR'] ?? '') === '',
  },
);

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(programRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

/** A container may run as a number that has no name. */
function readUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
