import type { Configuration } from '../config/derive-configuration.ts';
import type { TriggerMode, TriggerName } from '../domain/thresholds.ts';

/** What each rollback trigger may do, as the environment says. */
export function readTriggerModes({ values }: Configuration): Record<TriggerName, TriggerMode> {
  return {
    '5xx': values.GUARD_5XX,
    tokens: values.GUARD_TOKENS,
    depth: values.GUARD_DEPTH,
    p95: values.GUARD_P95,
  };
}
