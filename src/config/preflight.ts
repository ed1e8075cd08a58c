import { channels } from '../domain/channel.ts';
import type { RehearsalVerdict } from '../domain/judge-rehearsal.ts';
import type { Configuration } from './derive-configuration.ts';
import { isThisMachine } from './environment-signs.ts';
import { listExampleBrand, listExampleSecrets, listExampleSenders } from './list-examples.ts';
import { ConfigurationError } from './read-configuration.ts';
import { redirectSettings } from './settings/recipients.ts';
import type { SettingName, SettingValues } from './settings.ts';

/** One line of the preflight: what was checked, whether it holds, and what to do if it does not. */
export interface PreflightLine {
  readonly check: string;
  readonly ok: boolean;
  readonly repair: string;
}

/** The processes of the service. Each is given the secrets that it reads, and no others. */
export const processNames = ['api', 'plan-events', 'send-messages', 'guard'] as const;
export type ProcessName = (typeof processNames)[number];

export interface PreflightFacts {
  readonly storeDurable: boolean;
  readonly rehearsal: RehearsalVerdict;
  /** `brand.yaml` of the templates. */
  readonly brand: Readonly<Record<string, string>>;
  /** Whose configuration it is; absent: one that holds everything, such as a file for all processes. */
  readonly process?: ProcessName | undefined;
}

/**
 * Judges whether this configuration may send to everyone (ENV-3). Every line must hold, in every process; the sender refuses
 * to send in production mode otherwise, and holds what it is given.
 */
export function judgePreflight(configuration: Configuration, facts: PreflightFacts): PreflightLine[] {
  return [
    ...judgeSwitches(configuration, facts),
    ...judgeStore(configuration, facts),
    ...judgeSecrets(configuration),
    judgeBrand(facts.brand),
    ...judgeParts(configuration, facts.process),
  ];
}

function judgeSwitches(configuration: Configuration, { rehearsal }: PreflightFacts): PreflightLine[] {
  const { values } = configuration;
  return [
    line('ENVIRONMENT is production', values.ENVIRONMENT === 'production', 'set ENVIRONMENT=production'),
    line('APP_MODE is production', values.APP_MODE === 'production', 'set APP_MODE=production'),
    line(
      'the dry run was verified by a person',
      values.DRY_RUN_VERIFIED,
      'rehearse, look, then set DRY_RUN_VERIFIED=true',
    ),
    line(
      `what goes live was rehearsed (${rehearsal.detail})`,
      rehearsal.ok,
      'let messages of these templates be rehearsed with these settings (APP_MODE=dry_run), and go live within 72 hours',
    ),
    line(
      'APP_BASE_URL is the expected one',
      values.EXPECTED_BASE_URL !== undefined &&
        configuration.appBaseUrl === values.EXPECTED_BASE_URL.replace(/\/$/, ''),
      'set EXPECTED_BASE_URL to the public address and compare it with APP_BASE_URL',
    ),
    line('the per-minute limit is on', values.RATE_LIMIT_ENABLED, 'leave RATE_LIMIT_ENABLED unset'),
    line(
      'no redirect is set',
      channels.every((channel) => values[redirectSettings[channel]] === undefined),
      `unset ${Object.values(redirectSettings).join(' and ')}`,
    ),
    line(
      'nothing approves itself',
      !values.AUTO_APPROVE_ENABLED || values.ALLOW_PRODUCTION_AUTO_APPROVE,
      'unset AUTO_APPROVE_ENABLED, or also set ALLOW_PRODUCTION_AUTO_APPROVE=true',
    ),
  ];
}

function judgeStore({ values }: Configuration, { storeDurable }: PreflightFacts): PreflightLine[] {
  return [
    line('the store is durable', storeDurable, 'set appendonly yes and appendfsync always on Redis'),
    line(
      'the store asks for a password',
      (readPassword(values.REDIS_URL) ?? '') !== '',
      'give Redis a password (requirepass, or a user with ACL) and put it into REDIS_URL',
    ),
    line(
      'the store has a witness',
      values.WITNESS_URL !== undefined,
      'set WITNESS_URL to a small Redis that is never restored together with the store (docs/operations/restore.md)',
    ),
  ];
}

function judgeSecrets(configuration: Configuration): PreflightLine[] {
  const { values } = configuration;
  const examples = listExampleSecrets(configuration);
  const senders = listExampleSenders(configuration);
  const plain = listPlainHops(values);
  return [
    line(
      'no secret is an example',
      examples.length === 0,
      `put random ones in place of what is in ${examples.join(', ')}`,
    ),
    line(
      'what leaves this machine is encrypted',
      plain.length === 0,
      `use rediss:// and https:// in ${plain.join(', ')}; where only a private network lies between, an operator vouches for it with PLAIN_HOPS_ATTESTED`,
    ),
    line('SMTP requires TLS', values.SMTP_REQUIRE_TLS, 'leave SMTP_REQUIRE_TLS unset'),
    line(
      'the sender is not an example',
      senders.length === 0,
      `put what is yours in place of what is in ${senders.join(', ')}`,
    ),
  ];
}

function judgeBrand(brand: PreflightFacts['brand']): PreflightLine {
  const examples = listExampleBrand(brand);
  return line('the brand is not an example', examples.length === 0, repairBrand(examples));
}

function repairBrand(examples: readonly string[]): string {
  return `put what is yours in place of ${examples.join(', ')} in _shared/brand.yaml of the templates (TEMPLATES_DIR)`;
}

/**
 * Where people outside are written to, a brand that is an example stops the start; in production mode the preflight says so.
 *
 * @throws ConfigurationError
 */
export function refuseExampleBrand({ values }: Configuration, brand: PreflightFacts['brand']): void {
  const examples = listExampleBrand(brand);
  if (values.ENVIRONMENT !== 'local' && values.APP_MODE === 'testing' && examples.length > 0)
    throw new ConfigurationError([repairBrand(examples)]);
}

/** What a process needs to do its part. Only those who are given a secret can say whether it is there. */
function judgeParts({ values }: Configuration, process: ProcessName | undefined): PreflightLine[] {
  const parts: readonly { readonly of: readonly ProcessName[]; readonly line: PreflightLine }[] = [
    {
      of: ['send-messages'],
      line: line('mail has a way out', values.SMTP_URL !== undefined, 'set SMTP_URL'),
    },
    {
      of: ['plan-events'],
      line: line(
        'recipients can be looked up',
        values.DIRECTORY_URL !== undefined,
        'set DIRECTORY_URL, with M2M_TOKEN_URL, M2M_CLIENT_ID and M2M_CLIENT_SECRET',
      ),
    },
    {
      of: ['api', 'guard'],
      line: line(
        'events are kept while the issuer is down',
        values.QUARANTINE_KEYS !== undefined,
        'set QUARANTINE_KEYS',
      ),
    },
  ];
  return parts.filter(({ of }) => process === undefined || of.includes(process)).map((part) => part.line);
}

function line(check: string, ok: boolean, repair: string): PreflightLine {
  return { check, ok, repair };
}

function readPassword(address: string | undefined): string | undefined {
  return address === undefined ? undefined : new URL(address).password;
}

/**
 * Every address that something of ours goes to or comes from. Those of the issuer, the directory and the webhook must be
 * https in any environment but a local one (`read-configuration.ts`), so an operator can vouch for none of them. SMTP has a
 * setting of its own, since it begins plain and is then encrypted.
 */
const addresses = [
  'REDIS_URL',
  'WITNESS_URL',
  'SMS_API_URL',
  'KANNEL_URL',
  'AUTH_ISSUER',
  'AUTH_JWKS_URL',
  'M2M_TOKEN_URL',
  'DIRECTORY_URL',
  'STATUS_WEBHOOK_URL',
] as const satisfies readonly SettingName[];

/** The settings whose connection leaves this machine without encryption and without anybody who vouches for it. */
function listPlainHops(values: SettingValues): readonly SettingName[] {
  const attested: readonly SettingName[] = values.PLAIN_HOPS_ATTESTED;
  return addresses.filter((name) => isPlain(values[name]) && !attested.includes(name));
}

function isPlain(address: string | undefined): boolean {
  if (address === undefined) return false;
  const { protocol, hostname } = new URL(address);
  return (protocol === 'http:' || protocol === 'redis:') && !isThisMachine(hostname);
}
