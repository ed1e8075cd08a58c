import type { EnvironmentFlags } from '../domain/judge-environment.ts';
import type { TriggerMode, TriggerName } from '../domain/thresholds.ts';
import type { Configuration } from './derive-configuration.ts';

/** The environment's part of the gate, as the pure rules want it. `preflightPassed` counts in production mode only. */
export function readEnvironmentFlags(
  configuration: Configuration,
  preflightPassed: boolean,
): EnvironmentFlags {
  const { values } = configuration;
  return {
    emergencyStop: values.EMERGENCY_STOP,
    disableSend: values.DISABLE_SEND,
    mode: values.APP_MODE,
    promoSends: mayBePromotional(values),
    preflightPassed,
  };
}

/** Promotional mail must be easy to unsubscribe from (RFC 8058), which ours is not yet: nobody outside gets any. */
function mayBePromotional({ PROMO_SENDS, ENVIRONMENT }: Configuration['values']): boolean {
  return PROMO_SENDS && ENVIRONMENT === 'local';
}

/** The settings that take part in the decision to send, with where each value came from. */
export function listEnvironmentSettings(configuration: Configuration) {
  const names = [
    'DISABLE_SEND',
    'EMERGENCY_STOP',
    'APP_MODE',
    'PROMO_SENDS',
    'RETRIES_ENABLED',
    'RATE_LIMIT_ENABLED',
    'RATE_LIMIT_PER_MINUTE',
  ] as const;
  return names.map((name) => ({
    name,
    value: configuration.values[name],
    origin: configuration.origins[name],
  }));
}

/** What each rollback trigger may do, as the environment says. */
export function readTriggerModes({ values }: Configuration): Record<TriggerName, TriggerMode> {
  return {
    '5xx': values.GUARD_5XX,
    tokens: values.GUARD_TOKENS,
    depth: values.GUARD_DEPTH,
    p95: values.GUARD_P95,
  };
}
