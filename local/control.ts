import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';

/** The state that a running stack reports. */
export interface StackState {
  readonly pid: number;
  readonly phase: 'starting' | 'ready' | 'stopping';
  readonly addresses: Readonly<Record<string, string>>;
}

export interface ControlOptions {
  readonly dataDir: string;
  readonly readState: () => StackState;
  /** Called when another process asks this stack to stop. */
  readonly onStop: () => void;
  /** Called when another process asks for a drill. Resolves with what happens now; rejects with the reason when it cannot start. */
  readonly onDrill: (name: string, seconds: number) => Promise<string>;
}

/**
 * Makes this process the only running stack of `dataDir`, by a Unix socket that reports its state and takes commands. The
 * kernel closes it with the process, so a killed stack never blocks the next one, and no process id has to be trusted.
 * Returns the state of the stack that runs already, or `release`, which gives the socket up.
 */
export async function claimSocket(
  options: ControlOptions,
): Promise<{ running: StackState } | { release: () => void }> {
  const running = await readRunningStack(options.dataDir);
  if (running !== undefined) return { running };
  const path = socketPath(options.dataDir);
  // In a fresh clone the folder is missing, for which the kernel reports only EACCES.
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  // Nothing listens: a file that is left over is of a stack that was killed.
  rmSync(path, { force: true });
  const server = await listen(path, options);
  return {
    release: () => {
      server.close();
      rmSync(path, { force: true });
    },
  };
}

/** The state of the running stack; `undefined` when none runs. */
export function readRunningStack(dataDir: string): Promise<StackState | undefined> {
  return exchange(dataDir, 'state', 5_000);
}

/** Asks the running stack to stop and resolves once its process is gone. `undefined` when none runs. */
export function stopRunningStack(dataDir: string): Promise<StackState | undefined> {
  return exchange(dataDir, 'stop', 120_000);
}

/** Whether a drill started, and what happens now or why it did not. */
export interface DrillResult {
  readonly message: string;
  readonly started: boolean;
}

/** Asks the running stack to start a drill. `undefined` when none runs. */
export function requestDrill(
  dataDir: string,
  name: string,
  seconds: number,
): Promise<DrillResult | undefined> {
  return exchange(dataDir, `drill ${name} ${seconds}`, 10_000);
}

function listen(path: string, { readState, onStop, onDrill }: ControlOptions): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      const [command, name = '', seconds = ''] = bytes.toString('utf8').trim().split(' ');
      if (command === 'drill') {
        void settleDrill(onDrill(name, Number(seconds))).then((result) => socket.end(JSON.stringify(result)));
        return;
      }
      socket.write(JSON.stringify(readState()));
      // A client of `stop` waits until the socket closes, which happens when this process is gone.
      if (command === 'stop') onStop();
      else socket.end();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

async function settleDrill(drill: Promise<string>): Promise<DrillResult> {
  try {
    return { message: await drill, started: true };
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error), started: false };
  }
}

async function exchange<T>(dataDir: string, command: string, timeoutMs: number): Promise<T | undefined> {
  const socket = connect(socketPath(dataDir));
  socket.setTimeout(timeoutMs, () =>
    socket.destroy(new Error(`the running stack did not answer "${command}" in time`)),
  );
  try {
    socket.write(`${command}\n`);
    const reply = await text(socket);
    return reply === '' ? undefined : (JSON.parse(reply) as T);
  } catch (error) {
    if (isNotRunning(error)) return undefined;
    throw error;
  }
}

/** No stack runs: none ever did, none does any more, or it ended during this request. */
function isNotRunning(error: unknown): boolean {
  const codes: readonly unknown[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];
  return error instanceof Error && 'code' in error && codes.includes(error.code);
}

/** Relative, because a Unix socket's path may have only about a hundred characters. */
function socketPath(dataDir: string): string {
  return relative(process.cwd(), join(dataDir, 'up.sock'));
}
