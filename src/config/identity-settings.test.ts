import { describe, expect, test } from 'vitest';
import { type ConfigurationError, readConfiguration } from './read-configuration.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const base = {
  ENVIRONMENT: 'local',
  AUTH_ISSUER: 'http://127.0.0.1:1',
  AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks',
  AUTH_AUDIENCE: 'acc',
  ADDRESS_HASH_KEY: 'for-tests-only-0123456789-0123456789',
};

function faultsOf(changes: Record<string, string>): string {
  try {
    readConfiguration({ ...base, ...changes });
    return '';
  } catch (error) {
    return (error as ConfigurationError).message;
  }
}

describe('QUARANTINE_KEYS', () => {
  test('names keys of 32 bytes, the first one first', () => {
    const other = Buffer.alloc(32, 8).toString('base64');
    const { values } = readConfiguration({ ...base, QUARANTINE_KEYS: `new:${other}, old:${key}` });
    expect(values.QUARANTINE_KEYS?.map((one) => [one.id, Buffer.from(one.key).toString('base64')])).toEqual([
      ['new', other],
      ['old', key],
    ]);
  });

  test('blank is no quarantine', () => {
    expect(readConfiguration({ ...base, QUARANTINE_KEYS: ' ' }).values.QUARANTINE_KEYS).toBeUndefined();
  });

  test.each([key, 'id', `id:${key.slice(4)}`, `:${key}`, `a.b:${key}`, `a:${key},a:${key}`, `a:${key},`])(
    '%s is a fault that does not repeat the key',
    (text) => {
      const errors = faultsOf({ QUARANTINE_KEYS: text });
      expect(errors).toContain('QUARANTINE_KEYS');
      expect(errors).not.toContain(key.slice(4, 40));
    },
  );
});

test.each([
  ['AUTH_ALGORITHMS', 'RS256,HS256'],
  ['AUTH_ALGORITHMS', 'rs256'],
  ['AUTH_AUDIENCE', ' , '],
  ['AUTH_ROLE_SCOPES', 'SystemService=notify.sned'],
  ['AUTH_ROLE_SCOPES', 'SystemService'],
  ['AUTH_ROLE_SCOPES', 'SystemService=notify.send,'],
])('%s=%j is a fault: it would allow less than it says, without a word', (name, text) => {
  expect(faultsOf({ [name]: text })).toContain(`${name}: "${text.trim()}" is not valid`);
});

test('roles may have spaces and several scopes', () => {
  const { roleScopes } = readConfiguration({
    ...base,
    AUTH_ROLE_SCOPES: 'System Service=notify.send notify.read, Operator = notify.admin',
  });
  expect([...roleScopes]).toEqual([
    ['System Service', ['notify.send', 'notify.read']],
    ['Operator', ['notify.admin']],
  ]);
});
