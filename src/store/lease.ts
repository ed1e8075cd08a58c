import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * Runs work in one process at a time: whoever holds the lease. The lease ends by itself when its holder dies, so
 * the work must bear being run twice when a holder was only slow.
 */
export interface Lease {
  /** True when this process holds the lease now (it is taken or renewed by asking). */
  hold(): Promise<boolean>;
  /** Gives it up, so that nobody waits for its end. Never rejects: it ends by itself too. */
  release(): Promise<void>;
}

const renew = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`;
const drop = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

export function createLease(redis: Redis, key: string, ttlMs: number): Lease {
  const holder = randomUUID();
  return {
    hold: async () => (await redis.eval(renew, 1, key, holder, ttlMs)) === 1,
    release: async () => {
      await redis.eval(drop, 1, key, holder).catch(() => undefined);
    },
  };
}
