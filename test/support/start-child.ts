import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { waitFor } from './wait-for.ts';

/** A child process with what it has printed so far. */
export interface Child {
  readonly output: () => string;
  /** Kills it and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts a program. Its output is collected, never shown; its input stays open and empty. */
export function startChild(command: string, args: readonly string[]): Child {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  const note = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  child.on('error', (error) => {
    output += String(error);
  });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    output: () => output,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await gone;
    },
  };
}

/** The first of `paths` that exists. */
export function findProgram(...paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}

/** Resolves when something listens on the port. */
export async function waitForPort(port: number, child: Child): Promise<void> {
  const look = async (): Promise<string> =>
    (await canConnect(port)) ? 'listening' : child.output().slice(-500);
  await waitFor(`port ${port}`, look, (state) => state === 'listening', { deadlineMs: 10_000, everyMs: 50 });
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
