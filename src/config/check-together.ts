import type { SettingName, SettingValues } from './settings.ts';

/** Faults that only show when settings are looked at together. */
export function checkTogether(values: SettingValues, faults: string[]): void {
  const need = (name: SettingName, why: string): void => {
    if (values[name] === undefined) faults.push(`${name} is not set. ${why}`);
  };
  need('AUTH_ISSUER', 'Set it to the issuer of the callers’ tokens; ./scripts/up runs one for development.');
  need('AUTH_JWKS_URL', 'Set it to the address of the issuer’s keys.');
  need('AUTH_AUDIENCE', 'Set it to the audience that tokens for this service carry.');
  need(
    'ADDRESS_HASH_KEY',
    'Set it to a random text of 32 characters or more, for example from: openssl rand -hex 32',
  );
  if (values.DIRECTORY_URL !== undefined) {
    for (const name of ['M2M_TOKEN_URL', 'M2M_CLIENT_ID', 'M2M_CLIENT_SECRET'] as const)
      need(name, 'DIRECTORY_URL is asked with our own token.');
  }
  if (values.SMS_API_URL !== undefined) {
    for (const name of ['SMS_ACCOUNT_SID', 'SMS_AUTH_TOKEN'] as const)
      need(name, 'SMS_API_URL needs its credentials.');
  }
  if (values.APP_MODE === 'production' && values.ENVIRONMENT !== 'production') {
    faults.push(
      'APP_MODE=production needs ENVIRONMENT=production. Elsewhere use testing with ALLOWED_RECIPIENTS.',
    );
  }
  if (values.ENVIRONMENT !== 'local') checkServiceUrls(values, faults);
  if (values.ENVIRONMENT === 'production') checkProduction(values, faults);
}

/** What tokens and keys travel over. */
function checkServiceUrls(values: SettingValues, faults: string[]): void {
  for (const name of [
    'AUTH_ISSUER',
    'AUTH_JWKS_URL',
    'M2M_TOKEN_URL',
    'DIRECTORY_URL',
    'STATUS_WEBHOOK_URL',
  ] as const) {
    if (values[name]?.startsWith('http:') === true)
      faults.push(`${name} must use https in ${values.ENVIRONMENT}: plain http is for local runs only.`);
  }
}

function checkProduction(values: SettingValues, faults: string[]): void {
  if (values.APP_BASE_URL === undefined)
    faults.push('APP_BASE_URL is not set. Production needs the public address.');
  if (values.METRICS_PORT === undefined)
    faults.push('METRICS_PORT is not set. In production /metrics has a port of its own.');
}
