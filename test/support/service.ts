import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import { type Child, startChild } from '../../local/child.ts';
import { audiences, type Issuer, startIssuer } from '../../local/issuer.ts';
import { findFreePort } from '../../local/loopback.ts';
import { startRedis } from '../../local/redis.ts';
import { findRoot } from '../../local/root.ts';
import { createKeys, type Keys } from '../../src/store/keys.ts';
import { createServiceClient, issuerClients, type ServiceClient } from './service-client.ts';
import { testShards } from './test-shards.ts';
import { waitFor } from './wait-for.ts';

/**
 * The built program as real processes, with a real issuer and a real, durable Redis of its own. Providers and the
 * directory are the test's: give their addresses in `environment`. Everything is on loopback and in a folder of
 * its own, and is gone after `stop`.
 */
export interface Service extends ServiceClient {
  readonly url: string;
  readonly issuer: Issuer;
  /** Its signing keys (`loadKeys`): for tokens that it would never give out. */
  readonly issuerKeysDir: string;
  readonly redisUrl: string;
  /** For looking into the store. */
  readonly redis: Redis;
  readonly keys: Keys;
  readonly dir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Every process of the service that was started, by name: `api`, `planner`, `sender-1`… */
  readonly processes: ReadonlyMap<string, ServiceProcess>;
  /** Starts one more process, of the program built at `root` (this one unless given); resolves when it is ready. */
  startProcess(
    kind: ProcessKind,
    name?: string,
    overrides?: Readonly<Record<string, string>>,
    root?: string,
  ): Promise<ServiceProcess>;
  stop(): Promise<void>;
}

export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<string>;
  lastLines(): readonly string[];
  /** SIGKILL, SIGSTOP, SIGCONT… */
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export type ProcessKind = 'api' | 'planner' | 'sender' | 'guard';

export interface ServiceOptions {
  /** Over the defaults: `APP_MODE=testing`, `DISABLE_SEND=false`, limits off, everyone at example.com and +1555555… allowed. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly processes?: readonly ProcessKind[];
  /** A Redis of the test's own (one that can be cut, say) instead of a fresh one. */
  readonly redisUrl?: string;
}

const files: Readonly<Record<ProcessKind, string>> = {
  api: 'dist/src/main.js',
  planner: 'dist/workers/plan-events.js',
  sender: 'dist/workers/send-messages.js',
  guard: 'dist/workers/guard.js',
};

/** Starts it and resolves when all of its processes are ready. Needs `npm run build` to have been run. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const root = findRoot();
  if (!existsSync(join(root, files.api))) throw new Error('dist/ is missing: run npm run build first');
  const dir = mkdtempSync(join(tmpdir(), 'acc-test-'));
  const ownRedis =
    options.redisUrl === undefined ? await startRedis({ dir: join(dir, 'redis'), port: 0 }) : undefined;
  const redisUrl = options.redisUrl ?? ownRedis?.url ?? '';
  const issuerKeysDir = join(dir, 'issuer');
  const issuer = await startIssuer({ port: 0, clients: issuerClients, keysDir: issuerKeysDir });
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const environment: Record<string, string> = {
    ...defaultEnvironment({ dir, url, port, redisUrl, issuer }),
    ...options.environment,
  };
  const processes = new Map<string, ServiceProcess>();
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const startProcess = createStarter({ root, dir, environment, processes });
  const stop = async (): Promise<void> => {
    for (const one of processes.values()) one.signal('SIGCONT');
    await Promise.all([...processes.values()].map((one) => one.stop()));
    redis.disconnect();
    await issuer.stop();
    await ownRedis?.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  const client = createServiceClient(url, issuer);
  const kinds = options.processes ?? (['planner', 'sender', 'guard', 'api'] as const);
  try {
    await Promise.all(kinds.map((kind) => startProcess(kind)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    issuer,
    issuerKeysDir,
    redisUrl,
    redis,
    keys: createKeys('acc', Number(environment['SHARDS'])),
    dir,
    environment,
    processes,
    ...client,
    startProcess,
    stop,
  };
}

function createStarter(at: {
  readonly root: string;
  readonly dir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly processes: Map<string, ServiceProcess>;
}): Service['startProcess'] {
  const counts: Record<ProcessKind, number> = { api: 0, planner: 0, sender: 0, guard: 0 };
  return async (kind, wanted, overrides = {}, root = at.root) => {
    counts[kind] += 1;
    const name = wanted ?? (counts[kind] === 1 ? kind : `${kind}-${counts[kind]}`);
    const child = startChild({
      name,
      file: join(root, files[kind]),
      cwd: root,
      environment: { ...at.environment, ...overrides },
      logFile: join(at.dir, `${name}-${counts[kind]}.log`),
    });
    const started = toProcess(child);
    at.processes.set(name, started);
    await waitForReady(started);
    return started;
  };
}

/** A good event for one address, without a directory; the deadline is far away. */
export function anEvent(
  to: { email?: string; phone?: string } = { email: 'ada@example.com' },
): Record<string, unknown> {
  return {
    type: 'new_match_found',
    data: { student_id: 'stu_1', scholarship_id: 'sch_1', match_score: 90 },
    recipient: { ...to, name: 'Ada', locale: 'en', time_zone: 'UTC' },
  };
}

function defaultEnvironment(at: {
  dir: string;
  url: string;
  port: number;
  redisUrl: string;
  issuer: Issuer;
}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    ENVIRONMENT: 'local',
    LOG_LEVEL: 'info',
    PORT: String(at.port),
    APP_BASE_URL: at.url,
    REDIS_URL: at.redisUrl,
    WITNESS_URL: pathToFileURL(join(at.dir, 'witness')).href,
    SHARDS: String(testShards),
    APP_MODE: 'testing',
    DISABLE_SEND: 'false',
    RATE_LIMIT_ENABLED: 'false',
    CLIENT_RATE_PER_MINUTE: '10000000',
    CLIENT_BURST: '10000000',
    DRAIN_SECONDS: '3',
    RECONCILE_SECONDS: '1',
    RECONCILE_AGE_SECONDS: '2',
    // Its jobs go through the same queues; most tests count those.
    PROOF_OF_LIFE_SECONDS: '0',
    AUTH_ISSUER: at.issuer.url,
    AUTH_JWKS_URL: at.issuer.jwksUrl,
    AUTH_AUDIENCE: audiences.api,
    ADDRESS_HASH_KEY: 'for-tests-only-0123456789-0123456789',
    ALLOWED_RECIPIENTS: '@example.com,+1555555*',
    ALLOWED_LINK_HOSTS: 'app.example.com',
    SMTP_REQUIRE_TLS: 'false',
    OUTBOX_DIR: join(at.dir, 'outbox'),
    // The faults of a test would fire the triggers; the tests of the watchdog switch them on.
    GUARD_5XX: 'off',
    GUARD_TOKENS: 'off',
    GUARD_DEPTH: 'off',
    GUARD_P95: 'off',
  };
}

function toProcess(child: Child): ServiceProcess {
  return {
    name: child.name,
    pid: child.pid,
    exited: child.exited,
    lastLines: () => child.lastLines(),
    signal: (signal) => {
      try {
        process.kill(child.pid, signal);
      } catch {
        // It is gone already.
      }
    },
    stop: async () => {
      await child.stop(5_000);
    },
  };
}

async function waitForReady(started: ServiceProcess): Promise<void> {
  let end: string | undefined;
  void started.exited.then((how) => {
    end = how;
  });
  await waitFor(
    `${started.name} ready`,
    () => {
      if (end !== undefined)
        throw new Error(`${started.name} ended (${end}):\n${started.lastLines().join('\n')}`);
      return started.lastLines().some((line) => line.includes('"msg":"ready"'));
    },
    (ready) => ready,
    { deadlineMs: 30_000 },
  );
}
