import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findFreePort, loopback } from './loopback.ts';
import { watchParent } from './watch-parent.ts';

/** What makes an acknowledged write survive a power cut, and what never evicts a record. */
export const durableSettings: Readonly<Record<string, string>> = {
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
  save: '',
  // Not for durability: records are hashes of some twenty short fields and a body, and take half the memory this way.
  'hash-max-ziplist-value': '1024',
};

export interface RedisOptions {
  /** Folder of its data and its log. A start in a folder with data serves that data. */
  readonly dir: string;
  /** 0 finds a free port. */
  readonly port: number;
  /** Added to `durableSettings`, or in their place, by Redis's own names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The program; `redis-server` of the PATH when absent. */
  readonly program?: string;
  /** How long it may take to load its data; 30 s when absent. */
  readonly readyMs?: number;
}

export interface Redis {
  readonly url: string;
  readonly port: number;
  /** For tests that kill, freeze or cut it. */
  readonly pid: number;
  /** Resolves when the process is gone, however that came. */
  readonly exited: Promise<string>;
  /** Asks it to write and end, and kills it when it has not after `deadlineMs` (5 s). Safe to call twice. */
  stop(deadlineMs?: number): Promise<void>;
}

/**
 * Starts a durable `redis-server` child on loopback and resolves when it answers PONG, its data loaded. The child dies
 * with this process, also when this process is killed. Rejects with the last lines of its log when it does not start.
 */
export async function startRedis(options: RedisOptions): Promise<Redis> {
  await mkdir(options.dir, { recursive: true });
  const port = options.port === 0 ? await findFreePort() : options.port;
  const logFile = join(options.dir, 'redis.log');
  const settings = {
    bind: loopback,
    port: String(port),
    dir: options.dir,
    daemonize: 'no',
    logfile: logFile,
    ...durableSettings,
    ...options.settings,
  };
  const child = spawn(options.program ?? 'redis-server', toArguments(settings), {
    detached: true,
    stdio: 'ignore',
  });
  const exited = describeExit(child);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`redis-server does not start: ${await exited}. Is it installed?`);
  const release = watchParent(pid);
  void exited.then(release);
  const stop = async (deadlineMs = 5000): Promise<void> => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    await exited;
    clearTimeout(killer);
  };
  try {
    await waitForPong({ port, pid, exited }, options.readyMs ?? 30_000);
  } catch (error) {
    await stop(0);
    throw new Error(`redis-server on port ${port} did not start. ${await readLastLines(logFile)}`, {
      cause: error,
    });
  }
  return { url: `redis://${loopback}:${port}`, port, pid, exited, stop };
}

function toArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

function describeExit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`),
    );
  });
}

async function waitForPong(child: Pick<Redis, 'port' | 'pid' | 'exited'>, readyMs: number): Promise<void> {
  const deadlineAt = Date.now() + readyMs;
  let gone: string | undefined;
  void child.exited.then((how) => (gone = how));
  let last = 'no reply';
  while (Date.now() < deadlineAt) {
    if (gone !== undefined) throw new Error(`it ended: ${gone}`);
    last = await pingWithInfo(child.port);
    if (last.startsWith('+PONG') && last.includes(`process_id:${child.pid}\r`)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no PONG from it within ${readyMs} ms; the last reply was: ${last.slice(0, 100)}`);
}

/**
 * The replies to PING and INFO, whose `process_id` tells ours from another Redis that holds the port while ours fails to
 * bind it. While Redis loads its data the reply is `-LOADING …`. Without a reply, the reason why.
 */
function pingWithInfo(port: number): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect(port, loopback, () => socket.write('PING\r\nINFO server\r\n'));
    const end = (how: string): void => {
      socket.destroy();
      resolve(how);
    };
    socket.setTimeout(1000, () => end('no reply within 1 s'));
    socket.once('error', (error) => end(error.message));
    socket.on('data', (bytes) => {
      reply += bytes.toString('utf8');
      if (reply.startsWith('-') || /process_id:\d+\r/.test(reply)) end(reply);
    });
  });
}

async function readLastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-8);
  return `Its log, ${path}, ends with:\n${lines.join('\n')}`;
}
