import type { Redis } from 'ioredis';
import type { Limits } from '../src/gate/limits.ts';
import { createPermits, type Permits } from '../src/gate/permits.ts';
import type { Keys } from '../src/store/keys.ts';
import { noLimits } from '../test/support/gate-store.ts';

/** The prefix of the keys where a benchmark talks to the gate itself. */
export const gatePrefix = 'bench';

/** Every limit that a permit can count for an email, so wide that none bites. */
const wideLimits: Limits = noLimits({
  perMinute: 1_000_000,
  perMinuteByChannel: { email: 1_000_000 },
  perMinuteByDomain: 1_000_000,
  intervalMs: { transactional: 1, promotional: 1 },
  recipientDailyCap: 1_000,
  perDay: 10_000_000,
});

/** Permits of that gate. */
export function openPermits(redis: Redis, keys: Keys): Permits {
  const limits = wideLimits;
  return createPermits({
    redis,
    keys,
    limits,
    claimMs: 30_000,
    retentionMs: 3_600_000,
    now: () => Date.now(),
  });
}
