import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';

/** What a running stand tells about itself. */
export interface StandState {
  readonly pid: number;
  readonly phase: 'starting' | 'ready' | 'stopping';
  readonly addresses: Readonly<Record<string, string>>;
}

export interface ControlOptions {
  readonly dataDir: string;
  readonly readState: () => StandState;
  /** Called when somebody asks the stand to stop. */
  readonly onStop: () => void;
  /** Called when somebody asks for a drill; answers what happens now, and rejects with a sentence when nothing does. */
  readonly onDrill: (name: string, seconds: number) => Promise<string>;
}

/**
 * Takes the one place of a running stand in `dataDir`: a Unix socket that says what runs and takes the word `stop`. The
 * kernel frees it with the process, so a stand that was killed never blocks the next one, and no process number is guessed.
 * Answers the state of the stand that holds the place already, or how to give the place back.
 */
export async function takePlace(
  options: ControlOptions,
): Promise<{ running: StandState } | { release: () => void }> {
  const running = await askStand(options.dataDir);
  if (running !== undefined) return { running };
  const path = socketPath(options.dataDir);
  // A fresh clone has no such folder yet, and the kernel says of that only that it is not allowed.
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  // Nobody answers there: what may be left is the name of a stand that was killed.
  rmSync(path, { force: true });
  const server = await listen(path, options);
  return {
    release: () => {
      server.close();
      rmSync(path, { force: true });
    },
  };
}

/** The state of the running stand, or `undefined` when none runs. */
export function askStand(dataDir: string): Promise<StandState | undefined> {
  return exchange(dataDir, 'state', 5_000);
}

/** Asks the running stand to stop and resolves once its process is gone. `undefined` when none runs. */
export function stopStand(dataDir: string): Promise<StandState | undefined> {
  return exchange(dataDir, 'stop', 120_000);
}

/** What became of the wish for a drill. */
export interface DrillResult {
  readonly said: string;
  readonly began: boolean;
}

/** Asks the running stand for a drill. `undefined` when none runs. */
export function askDrill(dataDir: string, name: string, seconds: number): Promise<DrillResult | undefined> {
  return exchange(dataDir, `drill ${name} ${seconds}`, 10_000);
}

function listen(path: string, { readState, onStop, onDrill }: ControlOptions): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      const [word, name = '', seconds = ''] = bytes.toString('utf8').trim().split(' ');
      if (word === 'drill') {
        void answerDrill(onDrill(name, Number(seconds))).then((answer) => socket.end(JSON.stringify(answer)));
        return;
      }
      socket.write(JSON.stringify(readState()));
      // Who asks to stop waits for the end of the line, which the kernel brings when this process is gone.
      if (word === 'stop') onStop();
      else socket.end();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

async function answerDrill(drill: Promise<string>): Promise<DrillResult> {
  try {
    return { said: await drill, began: true };
  } catch (error) {
    return { said: error instanceof Error ? error.message : String(error), began: false };
  }
}

async function exchange<T>(dataDir: string, word: string, timeoutMs: number): Promise<T | undefined> {
  const socket = connect(socketPath(dataDir));
  socket.setTimeout(timeoutMs, () =>
    socket.destroy(new Error(`the running stand did not answer "${word}" in time`)),
  );
  try {
    socket.write(`${word}\n`);
    const answer = await text(socket);
    return answer === '' ? undefined : (JSON.parse(answer) as T);
  } catch (error) {
    if (isNobodyThere(error)) return undefined;
    throw error;
  }
}

/** Nobody holds the place: nobody ever did, nobody does any more, or the process ended while it was asked. */
function isNobodyThere(error: unknown): boolean {
  const codes: readonly unknown[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];
  return error instanceof Error && 'code' in error && codes.includes(error.code);
}

/** Relative, because the kernel allows a socket's name only about a hundred characters. */
function socketPath(dataDir: string): string {
  return relative(process.cwd(), join(dataDir, 'up.sock'));
}
