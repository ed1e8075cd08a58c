import { describe, expect, test } from 'vitest';

import { hashAddress } from './address-hash.ts';

const key = 'an example key of 32 characters!';

describe('hashAddress', () => {
  test('is 128 bits of hex and does not hold the address', () => {
    expect(hashAddress(key, 'email', 'jo@example.com')).toMatch(/^[0-9a-f]{32}$/);
  });

  test('finds an address however it was written', () => {
    expect(hashAddress(key, 'email', ' Jo@Example.COM ')).toBe(hashAddress(key, 'email', 'jo@example.com'));
    expect(hashAddress(key, 'sms', '+1 (555) 555-0123')).toBe(hashAddress(key, 'sms', '+15555550123'));
  });

  test('differs by key, by channel and by address', () => {
    const hashes = [
      hashAddress(key, 'sms', '+15555550123'),
      hashAddress(key, 'sms', '+15555550124'),
      hashAddress(key, 'email', '+15555550123'),
      hashAddress(`${key}.`, 'sms', '+15555550123'),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('refuses a key that can be guessed', () => {
    expect(() => hashAddress('short', 'email', 'jo@example.com')).toThrow(RangeError);
  });
});
