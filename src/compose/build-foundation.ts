import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Configuration } from '../config/derive-configuration.ts';
import { listSecrets } from '../config/list-examples.ts';
import { findProgramRoot } from '../config/program-root.ts';
import { ServiceError } from '../domain/errors.ts';
import type { FlagStore } from '../gate/flags.ts';
import { createLog, type Log } from '../observe/log.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import { registerSecrets } from '../observe/redact.ts';
import { createThrottledLog, type ThrottledLog } from '../observe/throttled-log.ts';
import { createJobAdder, type JobAdder } from '../queue/job-adder.ts';
import { createShutdownHooks, type ShutdownHooks } from '../runtime/shutdown-hooks.ts';
import { deriveAuditKey } from '../store/audit-key.ts';
import { createKeys, type Keys } from '../store/keys.ts';
import { openStore } from '../store/open-store.ts';
import { createRedisClients, type RedisClients, waitForRedis } from '../store/redis-clients.ts';
import { openWitness, type Witness } from '../store/witness.ts';

/** What every process of the service stands on: log, metrics, store, queues, and the way back. */
export interface Foundation {
  readonly configuration: Configuration;
  readonly version: string;
  readonly log: Log;
  readonly errors: ThrottledLog;
  readonly metrics: Metrics;
  readonly redis: RedisClients;
  readonly keys: Keys;
  readonly jobs: JobAdder;
  /** Absent when none is configured. */
  readonly witness?: Witness;
  readonly shutdown: ShutdownHooks;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  readonly reportError: (what: string, error: unknown) => void;
}

function now(): number {
  return Date.now();
}

function monotonicNow(): number {
  return performance.now();
}

/** Opens what a process stands on. The store is opened apart (`openFoundationStore`), since it may be away. */
export function buildFoundation(configuration: Configuration, service: string): Foundation {
  const { values } = configuration;
  const version = readVersion();
  registerSecrets(listSecrets(configuration));
  const log = createLog({ level: values.LOG_LEVEL, service, version });
  const errors = createThrottledLog({ log, nowMs: monotonicNow });
  const metrics = createMetrics({ version });
  const shutdown = createShutdownHooks(monotonicNow);
  const reportError = (what: string, error: unknown): void =>
    errors.error(what, { err: error, what }, 'fault');
  const redis = createRedisClients({
    url: values.REDIS_URL,
    commandTimeoutMs: values.REDIS_COMMAND_TIMEOUT_MS,
    onError: (role, error) => reportError(`redis ${role}`, error),
  });
  shutdown.push('redis', () => redis.close());
  const keys = createKeys(values.KEY_PREFIX, values.SHARDS, deriveAuditKey(values.ADDRESS_HASH_KEY ?? ''));
  const witness = buildWitness(configuration, reportError);
  shutdown.push('witness', () => witness?.close());
  const jobs = createJobAdder({ redis: redis.commands, keys, onError: reportError });
  shutdown.push('job adder', (deadlineMs) => jobs.close(deadlineMs));
  return {
    configuration,
    version,
    log,
    errors,
    metrics,
    redis,
    keys,
    jobs,
    ...(witness === undefined ? {} : { witness }),
    shutdown,
    now,
    monotonicNow,
    reportError,
  };
}

function buildWitness(
  { values }: Configuration,
  reportError: (what: string, error: unknown) => void,
): Witness | undefined {
  const { WITNESS_URL: url, KEY_PREFIX: keyPrefix } = values;
  return url === undefined
    ? undefined
    : openWitness({ url, keyPrefix, onError: (error) => reportError('witness', error) });
}

/** What it takes to turn a switch. */
export function toFlagStore(foundation: Foundation): FlagStore & { readonly witness?: Witness } {
  const { redis, keys, witness } = foundation;
  return { redis: redis.commands, keys, now: foundation.now, ...(witness === undefined ? {} : { witness }) };
}

/** Waits for Redis and opens the store. Throws when it does not come within `timeoutMs` or is not ours. */
export async function openFoundationStore(foundation: Foundation, timeoutMs: number): Promise<void> {
  await waitForRedis(foundation.redis.commands, timeoutMs);
  await openOurStore(foundation);
}

/** Initialises the store when it is empty. Throws when it is not ours. */
export async function openOurStore(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, log } = foundation;
  const { ENVIRONMENT: environment } = configuration.values;
  const word = await openStore(redis.commands, keys, { nowMs: foundation.now(), environment });
  if (word === 'created') log.info({ prefix: keys.prefix }, 'a new store was initialised');
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(`${findProgramRoot()}/package.json`, 'utf8')) as {
    version: string;
  };
  return version;
}

/**
 * Opens the store as soon as it can be had. Resolves when it is open, and in any case after `patienceMs`: by then it
 * goes on without being waited for. A store that is not ours ends the process.
 */
export async function keepOpeningStore(foundation: Foundation, patienceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const patience = setTimeout(resolve, patienceMs);
    retryOpeningStore(foundation, () => {
      clearTimeout(patience);
      resolve();
    });
  });
}

function retryOpeningStore(foundation: Foundation, onOpen: () => void): void {
  const longestTimerMs = 2 ** 31 - 1;
  void openFoundationStore(foundation, longestTimerMs).then(onOpen, (error: unknown) => {
    foundation.reportError('open store', error);
    if (foundation.redis.commands.status === 'ready' && !(error instanceof ServiceError)) throw error;
    setTimeout(() => retryOpeningStore(foundation, onOpen), 1_000).unref();
  });
}
