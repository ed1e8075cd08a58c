import type { Limits } from '../src/gate/limits.ts';
import { noLimits } from '../test/support/gate-store.ts';

/** The prefix of the keys where a benchmark talks to the gate itself. */
export const gatePrefix = 'bench';

/** Every limit that a permit can count for an email, so wide that none bites. */
export const wideLimits: Limits = noLimits({
  perMinute: 1_000_000,
  perMinuteByChannel: { email: 1_000_000 },
  perMinuteByDomain: 1_000_000,
  intervalMs: { transactional: 1, promotional: 1 },
  recipientDailyCap: 1_000,
  perDay: 10_000_000,
});
