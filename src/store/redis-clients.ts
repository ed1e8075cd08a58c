import { Redis } from 'ioredis';
import { explainRedisError, findLastingError } from './redis-errors.ts';

/**
 * Redis connections by role. The roles differ in what they do when Redis is away: a *command* connection fails
 * fast (a caller is waiting), a *worker* connection waits for as long as it takes, a *hint* connection listens.
 * A command connection never resends what may have been executed: whether to repeat is decided by records, not by
 * sockets. The waiting ones must resend: ioredis leaves a command that was under way when the connection broke
 * unanswered for ever otherwise, and a BullMQ worker that waits for it takes no job again
 * (test/long/freeze.test.ts). What is executed twice there is BullMQ's own bookkeeping, which the records overrule.
 */
export interface RedisClients {
  readonly commands: Redis;
  /** A new connection for a BullMQ worker; it waits for Redis for ever. */
  createWorkerConnection(name: string): Redis;
  /** A new connection that only subscribes. */
  createHintConnection(): Redis;
  close(): void;
}

export interface RedisClientOptions {
  /** `redis://` or `rediss://` URL. */
  readonly url: string;
  /** A command without a response after this long is rejected; whether it was executed is then unknown. */
  readonly commandTimeoutMs: number;
  /** Called on connection errors; expected to limit its own rate. */
  readonly onError: (role: string, error: Error) => void;
}

/** Pause before the n-th try to connect again. */
const reconnectMs = (times: number): number => Math.min(50 * times, 1_000);

/** Opens the command connection at once and the others on demand; `close` ends every one of them. */
export function createRedisClients(options: RedisClientOptions): RedisClients {
  const opened: Redis[] = [];
  const open = (role: string, redis: Redis): Redis => {
    redis.on('error', (error: Error) => options.onError(role, error));
    opened.push(redis);
    return redis;
  };
  const common = { retryStrategy: reconnectMs, connectTimeout: 5_000 };
  const waiting = { ...common, maxRetriesPerRequest: null, autoResendUnfulfilledCommands: true };
  return {
    commands: open(
      'commands',
      new Redis(options.url, {
        ...common,
        connectionName: 'acc-commands',
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        autoResendUnfulfilledCommands: false,
        commandTimeout: options.commandTimeoutMs,
      }),
    ),
    createWorkerConnection: (name) =>
      open(`worker ${name}`, new Redis(options.url, { ...waiting, connectionName: `acc-${name}` })),
    createHintConnection: () =>
      open('hint', new Redis(options.url, { ...waiting, connectionName: 'acc-hint' })),
    close: () => {
      for (const redis of opened.splice(0)) redis.disconnect();
    },
  };
}

/**
 * Resolves when the connection is ready; rejects after `timeoutMs` with the last error of the connection and what to
 * check. With `isImpatient` it rejects at once for what does not pass by itself (a wrong password, a name that is not known):
 * a person waits for the result. A service keeps trying, since the other side may be repaired.
 */
export async function waitForRedis(
  redis: Redis,
  timeoutMs: number,
  { isImpatient = false } = {},
): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    let last: unknown;
    const end = (error?: Error): void => {
      clearTimeout(timer);
      redis.off('ready', end);
      redis.off('error', onError);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onError = (error: Error): void => {
      last = error;
      const repair = isImpatient ? findLastingError(error) : undefined;
      if (repair !== undefined) end(new Error(repair, { cause: error }));
    };
    const timer = setTimeout(() => {
      const silent = 'is its URL right, and is the server running?';
      end(
        new Error(`Redis did not answer within ${timeoutMs} ms: ${explainRedisError(last) ?? silent}`, {
          cause: last,
        }),
      );
    }, timeoutMs);
    redis.once('ready', end);
    redis.on('error', onError);
  });
}
