import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Environment } from './environment.ts';
import { openRotatingLog } from './rotating-log.ts';
import { watchParent } from './watch-parent.ts';

export interface ChildOptions {
  readonly name: string;
  /** A built program, absolute. */
  readonly file: string;
  readonly arguments?: readonly string[];
  readonly cwd: string;
  readonly environment: Environment;
  /** All that it prints goes here, written anew at every start; when it is full, its older half moves to `<logFile>.1`. */
  readonly logFile: string;
  readonly onLine?: (line: string) => void;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with how it ended. */
  readonly exited: Promise<string>;
  /** The newest of what it printed. */
  lastLines(): readonly string[];
  /** Asks it to end, and kills it when it has not after `deadlineMs`. Tells whether it had to be killed. */
  stop(deadlineMs: number): Promise<'ended' | 'killed'>;
}

const keptLinesMax = 20;

/**
 * Starts a Node program as a process of its own that never outlives this one. It is in a process group of its own,
 * so that Ctrl-C reaches the supervisor alone, which then stops everything in order.
 */
export function startChild(options: ChildOptions): Child {
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', options.file, ...(options.arguments ?? [])],
    {
      cwd: options.cwd,
      env: options.environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const log = openRotatingLog(options.logFile);
  const lines: string[] = [];
  const keep = (line: string): void => {
    log.writeLine(line);
    lines.push(line);
    if (lines.length > keptLinesMax) lines.shift();
    options.onLine?.(line);
  };
  readLines(child.stdout, keep);
  readLines(child.stderr, keep);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // 'close', not 'exit': by then its last output has been read.
    child.once('close', (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`),
    );
  });
  const pid = child.pid ?? 0;
  const release = watchParent(pid);
  void exited.then(release);
  void exited.then(() => log.end());
  return {
    name: options.name,
    pid,
    exited,
    lastLines: () => lines,
    stop: async (deadlineMs) => {
      let end: 'ended' | 'killed' = 'ended';
      child.kill('SIGTERM');
      const killer = setTimeout(() => {
        end = 'killed';
        child.kill('SIGKILL');
      }, deadlineMs);
      await exited;
      clearTimeout(killer);
      return end;
    },
  };
}

function readLines(stream: Readable, keep: (line: string) => void): void {
  createInterface({ input: stream }).on('line', keep);
}
