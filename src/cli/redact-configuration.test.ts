import { expect, test } from 'vitest';
import { readConfiguration } from '../config/read-configuration.ts';
import { redactConfiguration } from './commands/configuration.ts';

test('no secret is shown, whole or in part, and everything else is with its origin', () => {
  const secrets = {
    ADDRESS_HASH_KEY: 'hash-key-hash-key-hash-key-hash-key-1',
    REDIS_URL: 'redis://user:redispass@store.test:6379',
    SMTP_URL: 'smtps://user:smtppass@mail.test',
    M2M_CLIENT_SECRET: 'm2msecret',
  };
  const shown = redactConfiguration(
    readConfiguration({
      ...secrets,
      AUTH_ISSUER: 'https://issuer.test',
      AUTH_JWKS_URL: 'https://someone:jwkspass@issuer.test/jwks',
      AUTH_AUDIENCE: 'a,b',
    }),
  );
  const text = JSON.stringify(shown);
  for (const secret of ['hash-key', 'redispass', 'smtppass', 'm2msecret', 'jwkspass'])
    expect(text).not.toContain(secret);
  const find = (name: string) => shown.find((setting) => setting.name === name);
  expect(find('ADDRESS_HASH_KEY')).toMatchObject({ value: '(secret)', origin: 'environment' });
  expect(find('AUTH_AUDIENCE')).toMatchObject({ value: 'a, b', origin: 'environment' });
  expect(find('APP_MODE')).toMatchObject({ value: 'dry_run', origin: 'default' });
  expect(find('KANNEL_URL')).toMatchObject({ value: null, origin: 'not set' });
});
