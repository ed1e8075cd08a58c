import { expect, test } from 'vitest';
import { judgeProductionGuard } from './production-guard.ts';
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
  REDIS_URL: 'rediss://user:4fQ0b8@store.example.com:6379',
  SMTP_URL: 'smtps://test:9a3d48@mail.example.com:465',
  QUARANTINE_KEYS: `one:${Buffer.from(key).toString('base64')}`,
};

function listFailing(changes: Record<string, string>, storeDurable = true): readonly string[] {
  return judgeProductionGuard(readConfiguration({ ...live, ...changes }), storeDurable)
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
])('with %j it fails on one line: %s', (changes, check) => {
  expect(listFailing(changes)).toEqual([expect.stringContaining(check)]);
});

test('the second key lets it approve by itself', () => {
  expect(listFailing({ AUTO_APPROVE_ENABLED: 'true', ALLOW_PRODUCTION_AUTO_APPROVE: 'true' })).toEqual([]);
});

test('a store that is not durable fails', () => {
  expect(listFailing({}, false)).toEqual([expect.stringContaining('the store is durable')]);
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
