import { expect, test } from 'vitest';
import { readEnvironmentFlags } from './environment-flags.ts';
import { readConfiguration } from './read-configuration.ts';

const base = {
  AUTH_AUDIENCE: 'acc',
  ADDRESS_HASH_KEY: 'kX3v0q9Lr2ZyTn8wBc5MdPf7JhGa1SuE',
  METRICS_PORT: '9464',
  PORT: '8080',
};
const local = {
  APP_BASE_URL: 'http://127.0.0.1:8080',
  AUTH_ISSUER: 'http://127.0.0.1:8090/',
  AUTH_JWKS_URL: 'http://127.0.0.1:8090/jwks',
};
const outside = {
  APP_BASE_URL: 'https://notify.example.com',
  AUTH_ISSUER: 'https://auth.example.com/',
  AUTH_JWKS_URL: 'https://auth.example.com/jwks',
};

// RFC 8058: what cannot be unsubscribed from by one click is promotional mail that nobody outside is sent.
test.each([
  ['local', 'true', true],
  ['local', 'false', false],
  ['staging', 'true', false],
  ['production', 'true', false],
])('in %s with PROMO_SENDS=%s promotional messages may leave: %s', (environment, word, expected) => {
  const given = { ...base, ...(environment === 'local' ? local : outside) };
  const configuration = readConfiguration({ ENVIRONMENT: environment, PROMO_SENDS: word, ...given });
  expect(readEnvironmentFlags(configuration, true).promoSends).toBe(expected);
});
