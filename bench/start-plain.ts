import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import ts from 'typescript';
import { type Child, startChild } from '../local/child.ts';
import { audiences, type Issuer } from '../local/issuer.ts';
import { findFreePort, loopback } from '../local/loopback.ts';
import { startRedis } from '../local/redis.ts';
import { findRoot } from '../local/root.ts';

/** The plain stack as real processes, on a Redis of its own. */
export interface Plain {
  readonly url: string;
  /** For looking into its store. */
  readonly redis: Redis;
  /** By name, as ours are: `worker`, `worker-2`… */
  readonly processes: ReadonlyMap<string, Child>;
  /** Starts one more process; resolves when it is ready. */
  startProcess(kind: PlainKind): Promise<Child>;
  stop(): Promise<void>;
}

export type PlainKind = 'api' | 'worker' | 'bare-pool' | 'add-bulk';

export interface PlainOptions {
  /** Whether its Redis writes every change to disk before it answers, as ours does; else it runs as Redis comes. */
  readonly isDurable: boolean;
  readonly processes: readonly PlainKind[];
  readonly issuer: Issuer;
  readonly smtpUrl: string;
  /** Jobs at the same time in a worker, and connections of its pool. */
  readonly concurrency: number;
}

/** What a `redis.conf` of the distribution says, where `startRedis` says otherwise. */
const redisAsItComes = {
  appendonly: 'no',
  appendfsync: 'everysec',
  save: '3600 1 300 100 60 10000',
  'hash-max-listpack-value': '64',
};

export async function startPlain(options: PlainOptions): Promise<Plain> {
  compiled ??= compilePrograms();
  const programs = compiled;
  const dir = mkdtempSync(join(tmpdir(), 'bench-plain-'));
  const server = await startRedis({
    dir: join(dir, 'redis'),
    port: 0,
    settings: options.isDurable ? {} : redisAsItComes,
  });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const port = await findFreePort();
  const processes = new Map<string, Child>();
  const environment = {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'production',
    PORT: String(port),
    REDIS_URL: server.url,
    SMTP_URL: options.smtpUrl,
    CONCURRENCY: String(options.concurrency),
    TEMPLATES_DIR: join(findRoot(), 'templates'),
    ISSUER: options.issuer.url,
    JWKS_URL: options.issuer.jwksUrl,
    AUDIENCE: audiences.api,
  };
  const startProcess = async (kind: PlainKind): Promise<Child> => {
    const known = [...processes.keys()].filter((name) => name.startsWith(kind)).length;
    const name = known === 0 ? kind : `${kind}-${known + 1}`;
    const file = join(programs, `${kind}.js`);
    const ready = Promise.withResolvers<undefined>();
    const onLine = (line: string): void => {
      if (line === 'ready') ready.resolve(undefined);
    };
    const logFile = join(dir, `${name}.log`);
    const child = startChild({ name, file, cwd: findRoot(), environment, logFile, onLine });
    processes.set(name, child);
    const fault = await Promise.race([ready.promise, child.exited]);
    if (fault !== undefined) throw new Error(`${name} ended (${fault}):\n${child.lastLines().join('\n')}`);
    return child;
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...processes.values()].map((child) => child.stop(2_000)));
    redis.disconnect();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all(options.processes.map((kind) => startProcess(kind)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://${loopback}:${port}`, redis, processes, startProcess, stop };
}

let compiled: string | undefined;

/** Plain JavaScript, as a team would deploy it: a loader that compiles would count in its start-up and its memory. */
function compilePrograms(): string {
  const from = fileURLToPath(new URL('plain-stack', import.meta.url));
  const to = join(findRoot(), 'dist', 'bench', 'plain-stack');
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from).filter((name) => name.endsWith('.ts'))) {
    const { outputText } = ts.transpileModule(readFileSync(join(from, file), 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2024,
        rewriteRelativeImportExtensions: true,
        verbatimModuleSyntax: true,
      },
    });
    writeFileSync(join(to, file.replace(/\.ts$/, '.js')), outputText);
  }
  return to;
}
