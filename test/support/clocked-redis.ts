import { Redis } from 'ioredis';

const clockKey = 'clock-of-the-test';

export interface ClockedRedis {
  readonly redis: Redis;
  /** Sets what every script, and whoever asks for it, takes for the time from now on. */
  setNow(nowMs: number): Promise<void>;
}

/**
 * A connection on which scripts ask the test for the time instead of the server: `TIME` in their source is replaced
 * by the reading of a key. Nothing else of them is touched, and they run on a real Redis. A test can so walk through
 * weeks, and compare every instant exactly. Expiries of keys stay the server's own.
 */
export function connectClocked(url: string): ClockedRedis {
  const redis = new Redis(url, { maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  const evaluate = redis.eval.bind(redis) as unknown as (
    source: string,
    ...rest: unknown[]
  ) => Promise<unknown>;
  Object.defineProperty(redis, 'evalsha', {
    value: () => Promise.reject(new Error('NOSCRIPT by the clocked connection')),
  });
  Object.defineProperty(redis, 'eval', {
    value: (source: string, ...rest: unknown[]) =>
      evaluate(
        source.replaceAll("redis.call('TIME')", `redis.call('LRANGE', '${clockKey}', 0, -1)`),
        ...rest,
      ),
  });
  Object.defineProperty(redis, 'time', { value: () => redis.lrange(clockKey, 0, -1) });
  return {
    redis,
    setNow: async (nowMs) => {
      const seconds = Math.floor(nowMs / 1_000);
      await redis
        .multi()
        .del(clockKey)
        .rpush(clockKey, seconds, (nowMs % 1_000) * 1_000)
        .exec();
    },
  };
}
