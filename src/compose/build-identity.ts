import type { Configuration } from '../config/derive-configuration.ts';
import { cacheVerdicts } from '../identity/cache-verdicts.ts';
import { createKeySet, type KeySet } from '../identity/key-set.ts';
import { type Scope, scopes } from '../identity/read-scopes.ts';
import { createTokenVerifier, type TokenVerifier } from '../identity/verify-token.ts';

export interface Identity {
  readonly tokens: TokenVerifier;
  readonly keySet: KeySet;
}

/** Who may call: the issuer's keys, and the verifier on top of them. `configuration` has the issuer (it is checked there). */
export function buildIdentity(
  configuration: Configuration,
  clock: { now: () => number; monotonicNow: () => number },
): Identity {
  const { values } = configuration;
  const keySet = createKeySet({
    jwksUrl: values.AUTH_JWKS_URL ?? '',
    allowHttp: values.ENVIRONMENT === 'local',
    staleMsMax: values.AUTH_KEYS_STALE_HOURS_MAX * 3_600_000,
    now: clock.monotonicNow,
    random: Math.random,
  });
  const verifier = createTokenVerifier({
    issuer: values.AUTH_ISSUER ?? '',
    audiences: values.AUTH_AUDIENCE ?? [],
    clockToleranceSeconds: values.AUTH_CLOCK_TOLERANCE_SECONDS,
    lifetimeSecondsMax: values.AUTH_TOKEN_LIFETIME_SECONDS_MAX,
    roleLifetimeSecondsMax:
      values.AUTH_ROLE_TOKEN_LIFETIME_SECONDS_MAX ?? values.AUTH_TOKEN_LIFETIME_SECONDS_MAX,
    algorithms: values.AUTH_ALGORITHMS,
    scopeMapping: Object.fromEntries(
      [...configuration.roleScopes].map(([role, names]) => [
        role,
        scopes.filter((scope: Scope) => names.includes(scope)),
      ]),
    ),
    keySet,
    now: clock.now,
  });
  return { keySet, tokens: cacheVerdicts(verifier, { now: clock.now, onChange: keySet.onChange }) };
}
