import { expect, test } from 'vitest';
import { readConfiguration } from './read-configuration.ts';

const base = {
  ENVIRONMENT: 'local',
  AUTH_ISSUER: 'http://127.0.0.1:1',
  AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks',
  AUTH_AUDIENCE: 'acc',
  ADDRESS_HASH_KEY: 'for-tests-only-0123456789-0123456789',
};
const read = (name: string): string =>
  readConfiguration({ ...base, DIRECTORY_ID_FIELD: name }).values.DIRECTORY_ID_FIELD;

test('DIRECTORY_ID_FIELD is student_id, or the name of another field of the data', () => {
  expect(read('')).toBe('student_id');
  expect(read('applicant_ref')).toBe('applicant_ref');
});

test.each(['recipient', 'source', 'a b', 'a/b', '__proto__'])('DIRECTORY_ID_FIELD=%s is refused', (name) => {
  expect(() => read(name)).toThrow('DIRECTORY_ID_FIELD');
});

test('every error of the lists of recipients and of the addresses is named with its setting', () => {
  const environment = { ...base, ALLOWED_RECIPIENTS: 'jo@example.com,nobody', MAIL_FROM: 'no address' };
  const configure = () => readConfiguration(environment);
  expect(configure).toThrow(/ALLOWED_RECIPIENTS: /);
  expect(configure).toThrow(/MAIL_FROM: /);
});
