import { expect, test } from 'vitest';
import { fingerprintSettings } from './fingerprint-settings.ts';
import { readConfiguration } from './read-configuration.ts';

const base = {
  ENVIRONMENT: 'production',
  APP_BASE_URL: 'https://acc.example.com',
  AUTH_ISSUER: 'https://issuer.example.com',
  AUTH_JWKS_URL: 'https://issuer.example.com/jwks',
  AUTH_AUDIENCE: 'acc',
  ADDRESS_HASH_KEY: '5b0c7f1e9a3d4826b7e0c1f2a3948d57',
  METRICS_PORT: '9090',
};

function fingerprint(changes: Record<string, string>): string {
  return fingerprintSettings(readConfiguration({ ...base, ...changes }).values);
}

test.each([
  { MAIL_FROM: 'Other <other@example.com>' },
  { ALLOWED_LINK_HOSTS: 'app.example.com' },
  { QUIET_HOURS: '22-7' },
  { APP_BASE_URL: 'https://other.example.com' },
])('%j is another rehearsal', (changes) => {
  expect(fingerprint(changes)).not.toBe(fingerprint({}));
});

/** Going live must not spoil what was rehearsed for it, nor may a secret that only one process has. */
test.each([
  {
    APP_MODE: 'production',
    DISABLE_SEND: 'false',
    DRY_RUN_VERIFIED: 'true',
    EXPECTED_BASE_URL: 'https://acc.example.com',
  },
  { RATE_LIMIT_PER_MINUTE: '600' },
  { SMTP_URL: 'smtps://user:9a3d48@mail.example.com:465' },
  { REDIS_URL: 'rediss://user:4fQ0b8@store.example.com:6379' },
  { LOG_LEVEL: 'debug', METRICS_PORT: '9091' },
])('%j is the same', (changes) => {
  expect(fingerprint(changes)).toBe(fingerprint({}));
});
