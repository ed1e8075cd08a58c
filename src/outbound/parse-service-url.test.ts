import { describe, expect, test } from 'vitest';
import { parseServiceUrl } from './parse-service-url.ts';

describe('parseServiceUrl', () => {
  test.each([
    ['http://auth.example.com/jwks', 'must be an https URL'],
    ['file:///etc/passwd', 'must be an https URL'],
    ['https://me:secret@auth.example.com/', 'must not hold a user or a password'],
    ['auth.example.com', 'is not a URL'],
    ['', 'is not a URL'],
  ])('refuses %s, naming the setting', (text, words) => {
    expect(() => parseServiceUrl(text, 'AUTH_JWKS_URL')).toThrow(`AUTH_JWKS_URL ${words}`);
  });

  test('takes plain http in local runs only', () => {
    expect(parseServiceUrl('http://127.0.0.1:1/jwks', 'AUTH_JWKS_URL', true).href).toBe(
      'http://127.0.0.1:1/jwks',
    );
    expect(() => parseServiceUrl('ftp://127.0.0.1/', 'AUTH_JWKS_URL', true)).toThrow('https');
  });

  test('never repeats a secret from the URL', () => {
    expect(() => parseServiceUrl('https://me:hunter2@auth.example.com/', 'X')).not.toThrow('hunter2');
  });
});
