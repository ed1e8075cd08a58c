import { describe, expect, test } from 'vitest';
import { type ConfigurationError, readConfiguration } from './read-configuration.ts';

const online = {
  APP_BASE_URL: 'https://acc.example.com',
  AUTH_ISSUER: 'https://issuer.example.com',
  AUTH_JWKS_URL: 'https://issuer.example.com/jwks',
  AUTH_AUDIENCE: 'acc',
  ADDRESS_HASH_KEY: '5b0c7f1e9a3d4826b7e0c1f2a3948d57',
  METRICS_PORT: '9090',
};

function listFaults(environment: Record<string, string>): readonly string[] {
  try {
    readConfiguration(environment);
    return [];
  } catch (error) {
    return (error as ConfigurationError).errors;
  }
}

describe.each(['staging', 'production'])('%s', (ENVIRONMENT) => {
  test('starts when every sign agrees', () => {
    expect(listFaults({ ...online, ENVIRONMENT })).toEqual([]);
  });

  test.each([
    ['APP_BASE_URL', 'http://acc.example.com'],
    ['APP_BASE_URL', 'https://localhost:8443'],
    ['APP_BASE_URL', 'https://127.0.0.1'],
    ['AUTH_ISSUER', 'http://issuer.example.com'],
    ['AUTH_ISSUER', 'https://[::1]'],
    ['AUTH_ISSUER', 'https://issuer.localhost/'],
  ])('does not start when %s=%s says that this is a local run', (name, address) => {
    const errors = listFaults({ ...online, ENVIRONMENT, [name]: address });
    expect(errors).toEqual([
      expect.stringContaining(`${name} is of a local run, but ENVIRONMENT is ${ENVIRONMENT}`),
    ]);
  });

  test('does not fetch keys over plain http', () => {
    const errors = listFaults({ ...online, ENVIRONMENT, AUTH_JWKS_URL: 'http://issuer.example.com/jwks' });
    expect(errors).toEqual([expect.stringContaining(`AUTH_JWKS_URL must use https in ${ENVIRONMENT}`)]);
  });

  test('does not start without the address that others use', () => {
    const errors = listFaults({ ...online, ENVIRONMENT, APP_BASE_URL: '' });
    expect(errors).toEqual([expect.stringContaining('APP_BASE_URL is not set')]);
  });
});

test('no sign makes it more than its name says', () => {
  const { values } = readConfiguration({ ...online, ENVIRONMENT: 'local' });
  expect(values.ENVIRONMENT).toBe('local');
});

test('a name that nobody gave is a fault where the address is not of a local run', () => {
  expect(listFaults(online)).toEqual([expect.stringContaining('ENVIRONMENT is not set')]);
  expect(listFaults({ ...online, APP_BASE_URL: 'http://127.0.0.1:8080' })).toEqual([]);
});

test.each([
  [{ KANNEL_URL: 'https://sms.example.com' }, ['KANNEL_USERNAME', 'KANNEL_PASSWORD']],
  [{ DKIM_DOMAIN: 'example.com' }, ['DKIM_SELECTOR', 'DKIM_PRIVATE_KEY_FILE']],
  [{ DKIM_SELECTOR: 'a', DKIM_PRIVATE_KEY_FILE: '/a.pem' }, ['DKIM_DOMAIN']],
])('%j alone is a fault: half of a group would do nothing, without a word', (given, missing) => {
  const errors = listFaults({ ...online, ENVIRONMENT: 'local', ...given });
  expect(errors).toEqual(missing.map((name) => expect.stringContaining(`${name} is not set`)));
});

test('a variable with our prefix that is no setting is refused: a misspelt one would do nothing, without a word', () => {
  expect(listFaults({ ...online, ENVIRONMENT: 'local', ACC_DISABLE_SEND: 'false' })).toEqual([
    expect.stringContaining('ACC_DISABLE_SEND is not a setting of this service'),
  ]);
});

test('every fault is found in one go, also behind values that cannot be read', () => {
  const errors = listFaults({ ...online, ENVIRONMENT: 'lokal', QUIET_HOURS: 'night', SMS_PRICES: '1=x' });
  expect(errors.map((fault) => fault.split(/[: ]/)[0])).toEqual(['ENVIRONMENT', 'QUIET_HOURS', 'SMS_PRICES']);
});
