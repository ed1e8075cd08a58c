import { describe, expect, test } from 'vitest';
import { readConfiguration } from './read-configuration.ts';

const needed = {
  AUTH_ISSUER: 'https://issuer.test',
  AUTH_JWKS_URL: 'https://issuer.test/jwks',
  AUTH_AUDIENCE: 'acc',
  ADDRESS_HASH_KEY: 'for-tests-only-0123456789-0123456789',
};

function read(environment: Readonly<Record<string, string>>) {
  return readConfiguration({ ...needed, ...environment }).values;
}

describe('a safety word that is not exactly right means the safe side', () => {
  test.each(['', ' ', 'true', 'False', 'FALSE', 'fasle', '0', 'no', 'off', 'false;', '"false"'])(
    'DISABLE_SEND=%j stops',
    (word) => {
      expect(read({ DISABLE_SEND: word }).DISABLE_SEND).toBe(true);
    },
  );
  test('only the exact word, perhaps with space around it, enables sending', () => {
    expect(read({ DISABLE_SEND: 'false' }).DISABLE_SEND).toBe(false);
    expect(read({ DISABLE_SEND: ' false\n' }).DISABLE_SEND).toBe(false);
  });
  test.each(['true', 'flase', '1', 'yes', 'FALSE'])('EMERGENCY_STOP=%j stops', (word) => {
    expect(read({ EMERGENCY_STOP: word }).EMERGENCY_STOP).toBe(true);
  });
  test.each(['True', '1', 'yes', ''])('PROMO_SENDS=%j holds promotional messages', (word) => {
    expect(read({ PROMO_SENDS: word }).PROMO_SENDS).toBe(false);
  });
  test('with nothing set it rehearses, is stopped, and knows no calm word but its own', () => {
    expect(read({})).toMatchObject({ APP_MODE: 'dry_run', DISABLE_SEND: true, EMERGENCY_STOP: false });
  });
});
