import { describe, expect, test } from 'vitest';
import { redact } from './verify-redact.mjs';

describe('redact', () => {
  test.each([
    ['ada.lovelace@example.com', 'a***@example.com'],
    ['to ada%40example.com', 'to a***@example.com'],
    ['{"email":"ada@example.com"}', '{"email":"a***@example.com"}'],
    ['a***@example.com', 'a***@example.com'],
    ['call +1 (555) 555-0123 now', 'call +1555****0123 now'],
    ['%2B15555550123', '+1555****0123'],
    ['+123456789', '+****'],
    ['Bearer abcdefghijkl', 'Bearer [secret]'],
    ['x eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln y', 'x [token] y'],
    ['{"access_token": "opaque \\" one"}', '{"access_token": "[secret]"}'],
    [
      '{"kty":"RSA","e":"AQAB","d":"c2VjcmV0","qi": "cQ"}',
      '{"kty":"RSA","e":"AQAB","d":"[secret]","qi": "[secret]"}',
    ],
    ['redis://user:hush@store:6379/0', 'redis://[secret]@store:6379/0'],
    ['2026-11-20T20:15:00.000Z, 1.5 ms, v2.7', '2026-11-20T20:15:00.000Z, 1.5 ms, v2.7'],
  ])('%j becomes %j', (text, clean) => expect(redact(text)).toBe(clean));

  test('a known secret is gone, also quoted and in a URL', () => {
    const secret = 'p"a/s+s';
    const text = `${secret} ${JSON.stringify({ any: secret })} https://x.test/?s=${encodeURIComponent(secret)}`;
    expect(redact(text, [secret])).toBe('[secret] {"any":"[secret]"} https://x.test/?s=[secret]');
  });

  test('JSON stays JSON', () => {
    const seen = {
      email: 'ada@example.com',
      note: '"ada@example.com"',
      list: ['+15555550123', 'Basic YWRhOmh1c2g='],
    };
    expect(JSON.parse(redact(JSON.stringify(seen)))).toEqual({
      email: 'a***@example.com',
      note: '"a***@example.com"',
      list: ['+1555****0123', 'Basic [secret]'],
    });
  });
});
