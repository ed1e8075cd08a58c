import type { Configuration } from './derive-configuration.ts';

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
  const secrets = [
    values.ADDRESS_HASH_KEY,
    values.M2M_CLIENT_SECRET,
    values.SMS_AUTH_TOKEN,
    values.KANNEL_PASSWORD,
  ];
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
      !secrets.some(isExampleSecret),
      'replace secrets such as "changeme" by random ones',
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

function isExampleSecret(secret: string | undefined): boolean {
  return (
    secret !== undefined && /change.?me|example|secret|password|test|dummy|placeholder|^(.)\1+$/i.test(secret)
  );
}
