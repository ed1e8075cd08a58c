import { type Configuration, deriveConfiguration } from './derive-configuration.ts';
import { readEnvironmentSigns } from './environment-signs.ts';
import { listExampleSenders } from './list-examples.ts';
import type { Setting } from './settings/setting.ts';
import { type SettingName, type SettingValues, settings } from './settings.ts';

/** Every error of a configuration at once, each with its repair. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly errors: readonly string[];
  constructor(errors: readonly string[]) {
    super(
      `The configuration has ${errors.length} fault(s):\n${errors.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.errors = errors;
  }
}

/**
 * Reads the whole configuration or throws a `ConfigurationError` that names every error. A blank variable
 * counts as unset. Variables that begin with `ACC_` and are not ours are refused: a misspelt safety setting
 * must not pass unseen.
 */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const errors: string[] = [];
  const values: Record<string, unknown> = {};
  const origins: Record<string, 'environment' | 'default'> = {};
  for (const [name, setting] of Object.entries<Setting>(settings)) {
    const given = environment[name]?.trim() || undefined;
    const raw = given ?? setting.default;
    origins[name] = given === undefined ? 'default' : 'environment';
    values[name] = raw === undefined ? undefined : readValue({ name, setting, raw }, errors);
  }
  const foreign = Object.keys(environment).filter((name) => name.startsWith('ACC_'));
  errors.push(
    ...foreign.map(
      (name) => `${name} is not a setting of this service: remove it, or see docs/configuration.md`,
    ),
  );
  const read = values as SettingValues;
  const configuration = deriveConfiguration(read, origins as Configuration['origins'], errors);
  checkTogether(configuration, errors);
  if (errors.length > 0) throw new ConfigurationError(errors);
  return configuration;
}

function readValue(given: { name: string; setting: Setting; raw: string }, errors: string[]): unknown {
  const { name, setting, raw } = given;
  const result = setting.schema.safeParse(raw);
  if (result.success) return result.data;
  const shown = setting.secret === true ? 'its value' : `"${raw}"`;
  const why = result.error.issues.map((issue) => issue.message).join('; ');
  errors.push(`${name}: ${shown} is not valid (${why}). ${setting.doc}`);
  // The default stands in, so that the errors of the others are found too.
  return setting.default === undefined ? undefined : setting.schema.parse(setting.default);
}

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

/** Errors that only show when settings are looked at together. */
function checkTogether({ values, origins }: Configuration, errors: string[]): void {
  const need = (name: SettingName, why: string): void => {
    if (values[name] === undefined) errors.push(`${name} is not set. ${why}`);
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
  checkSigns(values, origins, errors);
  if (values.APP_MODE === 'production' && values.ENVIRONMENT !== 'production') {
    errors.push(
      'APP_MODE=production needs ENVIRONMENT=production. Elsewhere use testing with ALLOWED_RECIPIENTS.',
    );
  }
  if (values.ENVIRONMENT !== 'local') {
    checkServiceUrls(values, errors);
    checkSenders(values, errors);
  }
  if (values.ENVIRONMENT === 'production') checkProduction(values, errors);
}

/** No sign may say less than the name of the environment, and a name that nobody gave stands for nothing. */
function checkSigns(values: SettingValues, origins: Configuration['origins'], errors: string[]): void {
  const { ENVIRONMENT } = values;
  for (const { name, says } of readEnvironmentSigns(values)) {
    if (ENVIRONMENT !== 'local' && says === 'local' && values[name] !== undefined)
      errors.push(
        `${name} is of a local run, but ENVIRONMENT is ${ENVIRONMENT}: give the https address that others use, or set ENVIRONMENT=local.`,
      );
    if (origins.ENVIRONMENT === 'default' && name === 'APP_BASE_URL' && says === 'not local')
      errors.push(
        'ENVIRONMENT is not set, but APP_BASE_URL is not of a local run: say which environment this is.',
      );
  }
  if (ENVIRONMENT !== 'local' && values.APP_BASE_URL === undefined)
    errors.push(`APP_BASE_URL is not set. In ${ENVIRONMENT} it is the address that others use.`);
}

/** What keys and our own credentials travel over. */
function checkServiceUrls(values: SettingValues, errors: string[]): void {
  for (const name of ['AUTH_JWKS_URL', 'M2M_TOKEN_URL', 'DIRECTORY_URL', 'STATUS_WEBHOOK_URL'] as const) {
    if (values[name]?.startsWith('http:') === true)
      errors.push(`${name} must use https in ${values.ENVIRONMENT}: plain http is for local runs only.`);
  }
}

/** Of `testing` only, which writes to people: a rehearsal reaches nobody, and production is judged by the preflight. */
function checkSenders(values: SettingValues, errors: string[]): void {
  if (values.APP_MODE !== 'testing') return;
  for (const name of listExampleSenders({ values }))
    errors.push(
      `${name} is an example, but APP_MODE=testing writes to people: put in a sender of yours, or set ENVIRONMENT=local.`,
    );
}

function checkProduction(values: SettingValues, errors: string[]): void {
  if (values.METRICS_PORT === undefined)
    errors.push('METRICS_PORT is not set. In production /metrics has a port of its own.');
}
