import type { Redis } from 'ioredis';
import { readStoreClock } from '../store/store-clock.ts';

/** The store's clock, estimated without asking it each time: every process of the fleet counts by it. */
export interface FleetClock {
  /** Epoch ms. Before the first `set` it is this process's own clock. */
  readonly now: () => number;
  /** Looks at the store's clock. Throws `store-unavailable`, and then goes on from the last look. */
  set(): Promise<void>;
}

export interface FleetClockOptions {
  readonly redis: Redis;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

/**
 * Goes on steadily from the last look, so that a process whose clock is wrong or is set counts into the same buckets
 * as all others. Off by no more than half of what the look took.
 */
export function createFleetClock({ redis, now, monotonicNow }: FleetClockOptions): FleetClock {
  let seen = { storeMs: now(), atMs: monotonicNow() };
  return {
    now: () => Math.round(seen.storeMs + monotonicNow() - seen.atMs),
    set: async () => {
      const begun = monotonicNow();
      const storeMs = await readStoreClock(redis);
      seen = { storeMs, atMs: (begun + monotonicNow()) / 2 };
    },
  };
}
