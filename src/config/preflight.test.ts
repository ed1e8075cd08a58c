import { expect, test } from 'vitest';
import { listExampleSecrets, secretNames, senderNames } from './list-examples.ts';
import { judgePreflight, type PreflightFacts, type ProcessName, refuseExampleBrand } from './preflight.ts';
import { readConfiguration } from './read-configuration.ts';

const key = '5b0c7f1e9a3d4826b7e0c1f2a3948d57';
const live = {
  ENVIRONMENT: 'production',
  APP_MODE: 'production',
  APP_BASE_URL: 'https://acc.example.com',
  EXPECTED_BASE_URL: 'https://acc.example.com/',
  DRY_RUN_VERIFIED: 'true',
  AUTH_ISSUER: 'https://issuer.example.com',
  AUTH_JWKS_URL: 'https://issuer.example.com/jwks',
  AUTH_AUDIENCE: 'acc',
  ADDRESS_HASH_KEY: key,
  METRICS_PORT: '9090',
  MAIL_FROM: 'Scholar Desk <hello@desk.scholar.org>',
  DIRECTORY_URL: 'https://directory.example.com',
  M2M_TOKEN_URL: 'https://issuer.example.com/token',
  M2M_CLIENT_ID: 'auto-com-center',
  M2M_CLIENT_SECRET: 'c1f2a3948d575b0c7f1e',
  REDIS_URL: 'rediss://user:4fQ0b8@store.example.com:6379',
  WITNESS_URL: 'rediss://user:c39a48@witness.example.com:6379',
  SMTP_URL: 'smtps://test:9a3d48@mail.example.com:465',
  QUARANTINE_KEYS: `one:${Buffer.from(key).toString('base64')}`,
};

const kannel = {
  KANNEL_URL: 'https://kannel.scholar.org',
  KANNEL_USERNAME: 'desk',
  KANNEL_PASSWORD: 'c1f2a3948d57',
};
const rehearsed = { ok: true, detail: 'rehearsed 5 h ago: welcome' };

const brand = { name: 'Laurel', site_url: 'https://laurel.org/', postal_address: '1 Main Street' };

function listFailing(
  changes: Record<string, string>,
  facts: Partial<PreflightFacts> = {},
): readonly string[] {
  const all = { storeDurable: true, rehearsal: rehearsed, brand, ...facts };
  return judgePreflight(readConfiguration({ ...live, ...changes }), all)
    .filter(({ ok }) => !ok)
    .map(({ check, repair }) => `${check}: ${repair}`);
}

test('it passes when every line holds, and words in the address of a service are no secrets', () => {
  expect(listFailing({})).toEqual([]);
});

test.each([
  [{ APP_MODE: 'testing' }, 'APP_MODE is production'],
  [{ DRY_RUN_VERIFIED: 'yes' }, 'the dry run was verified'],
  [{ EXPECTED_BASE_URL: '' }, 'APP_BASE_URL is the expected one'],
  [{ EXPECTED_BASE_URL: 'https://acc.example.org' }, 'APP_BASE_URL is the expected one'],
  [{ SMTP_REQUIRE_TLS: 'false' }, 'SMTP requires TLS'],
  [{ RATE_LIMIT_ENABLED: 'false' }, 'the per-minute limit is on'],
  [{ REDIRECT_EMAIL: 'ops@example.com' }, 'no redirect is set'],
  [{ AUTO_APPROVE_ENABLED: 'true' }, 'nothing approves itself'],
  [{ SMTP_URL: '' }, 'mail has a way out: set SMTP_URL'],
  [{ DIRECTORY_URL: '' }, 'recipients can be looked up: set DIRECTORY_URL'],
  [{ DIRECTORY_URL: '', DIRECTORY_FILE: '/students.json' }, 'recipients can be looked up'],
  [{ QUARANTINE_KEYS: '' }, 'events are kept while the issuer is down: set QUARANTINE_KEYS'],
  [{ WITNESS_URL: '' }, 'the store has a witness: set WITNESS_URL'],
  [{ WITNESS_URL: 'redis://:c39a48@witness.example.com' }, 'what leaves this machine is encrypted'],
  [
    { WITNESS_URL: 'rediss://user:changeme@witness.example.com' },
    'random ones in place of what is in WITNESS_URL',
  ],
  [{ REDIS_URL: 'rediss://store.example.com' }, 'the store asks for a password'],
  [{ REDIS_URL: 'rediss://user@store.example.com' }, 'the store asks for a password'],
  [{ REDIS_URL: 'redis://127.0.0.1:6379' }, 'the store asks for a password'],
  [{ MAIL_FROM: 'Scholar Desk <hello@example.com>' }, 'the sender is not an example'],
  [{ MAIL_FROM: '' }, 'the sender is not an example'],
  [{ MAIL_FROM: 'hello@mail.example.org' }, 'the sender is not an example'],
  [{ MAIL_FROM: 'hello@campus.test' }, 'the sender is not an example'],
  [{ MAIL_REPLY_TO: 'help@example.net' }, 'the sender is not an example'],
  [kannel, 'the sender is not an example'],
  [{ ...kannel, SMS_FROM: '+12125550142' }, 'the sender is not an example'],
  [{ ...kannel, SMS_FROM: '+447700900123' }, 'put what is yours in place of what is in SMS_FROM'],
  [{ ...kannel, SMS_FROM: 'Example' }, 'put what is yours in place of what is in SMS_FROM'],
  [
    { MAIL_FROM: 'Example Desk <hello@desk.scholar.org>', MAIL_REPLY_TO: 'help@localhost.localhost' },
    'put what is yours in place of what is in MAIL_FROM, MAIL_REPLY_TO',
  ],
])('with %j it fails on one line: %s', (changes, check) => {
  expect(listFailing(changes)).toEqual([expect.stringContaining(check)]);
});

test('the second key lets it approve by itself', () => {
  expect(listFailing({ AUTO_APPROVE_ENABLED: 'true', ALLOW_PRODUCTION_AUTO_APPROVE: 'true' })).toEqual([]);
});

test('a store that is not durable fails', () => {
  expect(listFailing({}, { storeDurable: false })).toEqual([expect.stringContaining('the store is durable')]);
});

/** Connections that leave this machine as plain text, each with the setting to be named. */
const plainHops: [changes: Record<string, string>, name: string][] = [
  [{ REDIS_URL: 'redis://user:4fQ0b8@10.0.0.7:6379' }, 'REDIS_URL'],
  [{ REDIS_URL: 'redis://user:4fQ0b8@127.0.0.1.example.com' }, 'REDIS_URL'],
  [{ REDIS_URL: 'redis://user:4fQ0b8@127.example.com' }, 'REDIS_URL'],
  [{ ...kannel, SMS_FROM: 'Desk', KANNEL_URL: 'http://kannel.internal:13013' }, 'KANNEL_URL'],
  [
    {
      SMS_FROM: 'Desk',
      SMS_API_URL: 'http://sms.internal',
      SMS_ACCOUNT_SID: 'AC1',
      SMS_AUTH_TOKEN: '26b7e0c1',
    },
    'SMS_API_URL',
  ],
];

test.each(plainHops)('%j fails: a credential would travel in the open', (changes, name) => {
  expect(listFailing(changes)).toEqual([
    expect.stringMatching(new RegExp(`what leaves this machine is encrypted: use .* in ${name};`)),
  ]);
});

test.each(plainHops)('%j passes once an operator vouches for it, and for no other', (changes, name) => {
  expect(listFailing({ ...changes, PLAIN_HOPS_ATTESTED: name })).toEqual([]);
  const others = ['REDIS_URL', 'KANNEL_URL', 'SMS_API_URL'].filter((other) => other !== name).join(', ');
  expect(listFailing({ ...changes, PLAIN_HOPS_ATTESTED: others })).toHaveLength(1);
});

test.each([
  'redis://user:4fQ0b8@127.0.0.1:6379',
  'redis://user:4fQ0b8@localhost',
  'redis://user:4fQ0b8@[::1]:6379',
])('%s never leaves this machine, and passes', (url) => {
  expect(listFailing({ REDIS_URL: url })).toEqual([]);
});

test.each(['AUTH_JWKS_URL', 'M2M_TOKEN_URL', 'DIRECTORY_URL', 'STATUS_WEBHOOK_URL'])(
  'plain http in %s does not even start, and nobody can vouch for it',
  (name) => {
    const changes = { ...live, [name]: 'http://somewhere.internal' };
    expect(() => readConfiguration(changes)).toThrow(`${name} must use https`);
    expect(() => readConfiguration({ ...changes, PLAIN_HOPS_ATTESTED: name })).toThrow('PLAIN_HOPS_ATTESTED');
  },
);

test('a misspelt hop is a fault at start, since it would vouch for nothing', () => {
  expect(() => readConfiguration({ ...live, PLAIN_HOPS_ATTESTED: 'REDIS' })).toThrow(
    'must be names of these settings: REDIS_URL, WITNESS_URL, SMS_API_URL, KANNEL_URL',
  );
});

test('what was never rehearsed fails, and the line says why', () => {
  const rehearsal = { ok: false, detail: 'the last rehearsal was 80 h ago' };
  expect(listFailing({}, { rehearsal })).toEqual([
    expect.stringMatching(/^what goes live was rehearsed \(the last rehearsal was 80 h ago\): let /),
  ]);
});

/** What each process is given in a cluster; it must not fail for what others have. */
test.each<[ProcessName, string[], string]>([
  ['send-messages', ['DIRECTORY_URL', 'QUARANTINE_KEYS'], 'SMTP_URL'],
  ['plan-events', ['SMTP_URL', 'QUARANTINE_KEYS'], 'DIRECTORY_URL'],
  ['api', ['SMTP_URL', 'DIRECTORY_URL'], 'QUARANTINE_KEYS'],
  ['guard', ['SMTP_URL', 'DIRECTORY_URL'], 'QUARANTINE_KEYS'],
])('%s passes without %j, and not without %s', (process, others, own) => {
  const without = (names: string[]) => Object.fromEntries(names.map((name) => [name, '']));
  expect(listFailing(without(others), { process })).toEqual([]);
  expect(listFailing(without([...others, own]), { process })).toEqual([expect.stringContaining(own)]);
});

test.each([
  ['ADDRESS_HASH_KEY', 'changeme-changeme-changeme-changeme'],
  ['SMS_AUTH_TOKEN', 'placeholder'],
  ['REDIS_URL', 'rediss://user:password@store.example.com'],
  ['SMTP_URL', 'smtps://user:ChangeMe@mail.example.com'],
  ['SMTP_FALLBACK_URL', 'smtps://user:xxxxxx@mail.example.com'],
  ['QUARANTINE_KEYS', `one:${Buffer.alloc(32).toString('base64')}`],
])('an example in %s fails, and the repair names it without telling it', (name, secret) => {
  const [failing = '', ...others] = listFailing({ [name]: secret });
  expect(others).toEqual([]);
  expect(failing).toContain(name);
  expect(failing).not.toContain(secret);
});

test.each(senderNames)('%s of a sender that nobody is does not start where people are written to', (name) => {
  const staging = { ...live, ...kannel, ENVIRONMENT: 'staging', APP_MODE: 'testing', SMS_FROM: 'Desk' };
  const example = { ...staging, [name]: name === 'SMS_FROM' ? '+15555550100' : 'hello@example.com' };
  expect(() => readConfiguration(staging)).not.toThrow();
  expect(() => readConfiguration(example)).toThrow(
    `${name} is an example, but APP_MODE=testing writes to people`,
  );
  expect(() => readConfiguration({ ...example, APP_MODE: 'dry_run' })).not.toThrow();
});

test('the default senders are examples, good for a local run only', () => {
  const unset = { ...live, ...kannel, APP_MODE: 'testing', MAIL_FROM: '' };
  expect(() => readConfiguration({ ...unset, ENVIRONMENT: 'production' })).toThrow(
    /2 fault\(s\):\n {2}- MAIL_FROM is an example.*\n {2}- SMS_FROM is an example/,
  );
  const local = { ENVIRONMENT: 'local', APP_BASE_URL: '', AUTH_ISSUER: 'http://127.0.0.1:9000' };
  expect(() => readConfiguration({ ...unset, ...local })).not.toThrow();
});

test.each(['Examples of Law <hello@desk.scholar.org>', 'hello@example-desk.org', 'Desk <test@testing.org>'])(
  '%s is somebody',
  (sender) => {
    expect(listFailing({ MAIL_FROM: sender })).toEqual([]);
  },
);

test('every secret setting is held against examples', () => {
  for (const name of secretNames.filter((one) => one !== 'QUARANTINE_KEYS')) {
    const value = name.endsWith('_URL') ? 'https://user:changeme@host.scholar.org' : 'changeme'.repeat(4);
    expect(
      listExampleSecrets({ values: { ...readConfiguration(live).values, [name]: value } }),
      name,
    ).toEqual([name]);
  }
});

test.each([
  [{ site_url: 'https://app.example.com/' }, 'site_url'],
  [{ postal_address: 'Laurel, 100 Example Street, Springfield' }, 'postal_address'],
  [{ help_url: 'https://help.test/', name: 'Example' }, 'name, help_url'],
])('a brand that is an example fails, and its members are named: %j', (changes, named) => {
  const repair = `put what is yours in place of ${named} in _shared/brand.yaml of the templates (TEMPLATES_DIR)`;
  expect(listFailing({}, { brand: { ...brand, ...changes } })).toEqual([
    `the brand is not an example: ${repair}`,
  ]);
});

test('testing outside a local run does not start with a brand that is an example', () => {
  const example = { ...brand, site_url: 'https://app.example.com/' };
  const refuse =
    (changes: Record<string, string>, given = example) =>
    () =>
      refuseExampleBrand(readConfiguration({ ...live, ...changes }), given);
  expect(refuse({ APP_MODE: 'testing', ENVIRONMENT: 'staging' })).toThrow('in place of site_url');
  expect(refuse({ APP_MODE: 'testing', ENVIRONMENT: 'staging' }, { ...example, ...brand })).not.toThrow();
  expect(refuse({})).not.toThrow();
});
