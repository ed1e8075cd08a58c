import type { Configuration } from './derive-configuration.ts';
import { readEnvironmentSigns } from './environment-signs.ts';
import { listExampleSenders } from './list-examples.ts';
import type { SettingName, SettingValues } from './settings.ts';

interface Group {
  /** With one of these… */
  readonly given: readonly SettingName[];
  /** …all of these are needed. */
  readonly needed: readonly SettingName[];
  readonly why: string;
}

const dkim = ['DKIM_DOMAIN', 'DKIM_SELECTOR', 'DKIM_PRIVATE_KEY_FILE'] as const;
const groups: readonly Group[] = [
  {
    given: ['DIRECTORY_URL'],
    needed: ['M2M_TOKEN_URL', 'M2M_CLIENT_ID', 'M2M_CLIENT_SECRET'],
    why: 'DIRECTORY_URL is asked with our own token.',
  },
  {
    given: ['SMS_API_URL'],
    needed: ['SMS_ACCOUNT_SID', 'SMS_AUTH_TOKEN'],
    why: 'SMS_API_URL needs its credentials.',
  },
  {
    given: ['KANNEL_URL'],
    needed: ['KANNEL_USERNAME', 'KANNEL_PASSWORD'],
    why: 'KANNEL_URL needs its credentials.',
  },
  { given: dkim, needed: dkim, why: 'Mail is signed with all three of DKIM_*, or with none of them.' },
];

/** Faults that only show when settings are looked at together. */
export function checkTogether({ values, origins }: Configuration, faults: string[]): void {
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
  for (const { given, needed, why } of groups) {
    if (given.some((name) => values[name] !== undefined)) for (const name of needed) need(name, why);
  }
  checkSigns(values, origins, faults);
  if (values.APP_MODE === 'production' && values.ENVIRONMENT !== 'production') {
    faults.push(
      'APP_MODE=production needs ENVIRONMENT=production. Elsewhere use testing with ALLOWED_RECIPIENTS.',
    );
  }
  if (values.ENVIRONMENT !== 'local') {
    checkServiceUrls(values, faults);
    checkSenders(values, faults);
  }
  if (values.ENVIRONMENT === 'production') checkProduction(values, faults);
}

/** No sign may say less than the name of the environment, and a name that nobody gave stands for nothing. */
function checkSigns(values: SettingValues, origins: Configuration['origins'], faults: string[]): void {
  const { ENVIRONMENT } = values;
  for (const { name, says } of readEnvironmentSigns(values)) {
    if (ENVIRONMENT !== 'local' && says === 'local' && values[name] !== undefined)
      faults.push(
        `${name} is of a local run, but ENVIRONMENT is ${ENVIRONMENT}: give the https address that others use, or set ENVIRONMENT=local.`,
      );
    if (origins.ENVIRONMENT === 'default' && name === 'APP_BASE_URL' && says === 'not local')
      faults.push(
        'ENVIRONMENT is not set, but APP_BASE_URL is not of a local run: say which environment this is.',
      );
  }
  if (ENVIRONMENT !== 'local' && values.APP_BASE_URL === undefined)
    faults.push(`APP_BASE_URL is not set. In ${ENVIRONMENT} it is the address that others use.`);
}

/** What keys and our own credentials travel over. */
function checkServiceUrls(values: SettingValues, faults: string[]): void {
  for (const name of ['AUTH_JWKS_URL', 'M2M_TOKEN_URL', 'DIRECTORY_URL', 'STATUS_WEBHOOK_URL'] as const) {
    if (values[name]?.startsWith('http:') === true)
      faults.push(`${name} must use https in ${values.ENVIRONMENT}: plain http is for local runs only.`);
  }
}

/** Of `testing` only, which writes to people: a rehearsal reaches nobody, and production is judged by the preflight. */
function checkSenders(values: SettingValues, faults: string[]): void {
  if (values.APP_MODE !== 'testing') return;
  for (const name of listExampleSenders({ values }))
    faults.push(
      `${name} is an example, but APP_MODE=testing writes to people: put in a sender of yours, or set ENVIRONMENT=local.`,
    );
}

function checkProduction(values: SettingValues, faults: string[]): void {
  if (values.METRICS_PORT === undefined)
    faults.push('METRICS_PORT is not set. In production /metrics has a port of its own.');
}
