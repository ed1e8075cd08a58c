import type { Redis } from 'ioredis';
import { callStore } from './scripts.ts';

/**
 * The store's own clock (epoch ms). It is the one clock that scores the indexes and ends messages: the clocks of
 * processes differ and step, and what has ended does not come back. Throws `store-unavailable`.
 */
export async function readStoreClock(redis: Redis): Promise<number> {
  return await callStore('read clock', async () => {
    const [seconds, microseconds] = await redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  });
}

/** True when the instant has passed by this process's clock and by the store's; only a likely yes costs a round trip. */
export async function hasPassed(redis: Redis, atMs: number, now: () => number): Promise<boolean> {
  return atMs <= now() && atMs <= (await readStoreClock(redis));
}
