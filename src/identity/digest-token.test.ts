import { describe, expect, test } from 'vitest';
import { createTokenSigner, writeTwin } from '../../test/support/token-signer.ts';
import { digestToken } from './digest-token.ts';

const claims = { iss: 'https://auth.example.com/', exp: 1_700_000_300 };

describe('one token has one digest', () => {
  test('whichever twin of its ES256 signature it carries', () => {
    const signer = createTokenSigner('ES256', 'elliptic');
    // Half of all signatures have the larger s, so both directions are met.
    for (let count = 0; count < 20; count += 1) {
      const token = signer.signToken({ ...claims, count });
      expect(writeTwin(token)).not.toBe(token);
      expect(digestToken(writeTwin(token))).toBe(digestToken(token));
    }
  });

  test.each(['EdDSA', 'RS256'] as const)('and a changed %s signature another one', (algorithm) => {
    const token = createTokenSigner(algorithm, 'k').signToken(claims);
    expect(digestToken(writeTwin(token))).not.toBe(digestToken(token));
  });

  test.each([
    '',
    'a.b.c',
    `${'x'.repeat(40)}.e30.${'A'.repeat(86)}`,
    `bnVsbA.e30.${'A'.repeat(86)}`,
    `.${'A'.repeat(86)}`,
  ])('a text that is no token has one too: %s', (text) => {
    expect(digestToken(text)).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  });
});
