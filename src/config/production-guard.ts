import type { Configuration } from './derive-configuration.ts';
import type { SettingName } from './settings.ts';

/** One line of the production guard: what was checked, whether it holds, and what to do if it does not. */
export interface GuardLine {
  readonly check: string;
  readonly ok: boolean;
  readonly repair: string;
}

/**
 * Judges whether this process may send to everyone (ENV-3). Every line must hold; the sender refuses to send in
 * production mode otherwise, and holds what it is given.
 */
export function judgeProductionGuard(configuration: Configuration, storeDurable: boolean): GuardLine[] {
  const { values } = configuration;
  const examples = listExampleSecrets(configuration);
  return [
    line('ENVIRONMENT is production', values.ENVIRONMENT === 'production', 'set ENVIRONMENT=production'),
    line('APP_MODE is production', values.APP_MODE === 'production', 'set APP_MODE=production'),
    line(
      'the dry run was verified by a person',
      values.DRY_RUN_VERIFIED,
      'rehearse, look, then set DRY_RUN_VERIFIED=true',
    ),
    line(
      'APP_BASE_URL is the expected one',
      values.EXPECTED_BASE_URL !== undefined &&
        configuration.appBaseUrl === values.EXPECTED_BASE_URL.replace(/\/$/, ''),
      'set EXPECTED_BASE_URL to the public address and compare it with APP_BASE_URL',
    ),
    line('the store is durable', storeDurable, 'set appendonly yes and appendfsync always on Redis'),
    line(
      'no secret is an example',
      examples.length === 0,
      `put random ones in place of what is in ${examples.join(', ')}`,
    ),
    line('SMTP requires TLS', values.SMTP_REQUIRE_TLS, 'leave SMTP_REQUIRE_TLS unset'),
    line('the per-minute limit is on', values.RATE_LIMIT_ENABLED, 'leave RATE_LIMIT_ENABLED unset'),
    line(
      'no redirect is set',
      values.REDIRECT_EMAIL === undefined && values.REDIRECT_PHONE === undefined,
      'unset REDIRECT_EMAIL and REDIRECT_PHONE',
    ),
    line(
      'nothing approves itself',
      !values.AUTO_APPROVE_ENABLED || values.ALLOW_PRODUCTION_AUTO_APPROVE,
      'unset AUTO_APPROVE_ENABLED, or also set ALLOW_PRODUCTION_AUTO_APPROVE=true',
    ),
  ];
}

function line(check: string, ok: boolean, repair: string): GuardLine {
  return { check, ok, repair };
}

/** Names of the settings that hold a secret which was never meant to be one; of an address its password counts. */
function listExampleSecrets({ values }: Configuration): readonly SettingName[] {
  const plain = ['ADDRESS_HASH_KEY', 'M2M_CLIENT_SECRET', 'SMS_AUTH_TOKEN', 'KANNEL_PASSWORD'] as const;
  const addresses = ['REDIS_URL', 'SMTP_URL', 'SMTP_FALLBACK_URL'] as const;
  return [
    ...plain.filter((name) => isExample(values[name])),
    ...addresses.filter((name) => isExample(readPassword(values[name]))),
    ...(values.QUARANTINE_KEYS?.some(({ key }) => isPatterned(key)) ? (['QUARANTINE_KEYS'] as const) : []),
  ];
}

function isExample(secret = ''): boolean {
  return /change.?me|example|secret|password|test|dummy|placeholder|^(.)\1+$/i.test(secret);
}

function readPassword(address: string | undefined): string | undefined {
  return address === undefined ? undefined : new URL(address).password;
}

/** Typed or filled by hand: 32 random bytes have some 30 different values. */
function isPatterned(key: Uint8Array): boolean {
  return new Set(key).size < 16;
}
