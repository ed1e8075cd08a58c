import { describe, expect, test } from 'vitest';
import { checkLink, findForeignLink, findForeignLinkInHtml } from './check-link.ts';

const rule = { hosts: new Set(['app.example.com']), allowLocalhost: false };
const localRule = { ...rule, allowLocalhost: true };

describe('a link', () => {
  test('to an allowed host passes in its normalised form', () => {
    expect(checkLink('HTTPS://APP.example.com/a b', rule)).toEqual({
      ok: true,
      href: 'https://app.example.com/a%20b',
    });
  });

  test.each([
    ['https://evil.test/', 'evil.test'],
    ['https://app.example.com.evil.test/', 'app.example.com.evil.test'],
    ['https://evil.test\\@app.example.com/', 'evil.test'],
    ['https://app.example.com@evil.test/', 'user info'],
    ['https://app.example.com:8443/', 'port'],
    ['http://app.example.com/', 'http:'],
    ['javascript:alert(1)', 'javascript:'],
    ['data:text/html,x', 'data:'],
    ['//evil.test/', 'absolute'],
    ['/only/a/path', 'absolute'],
    ['', 'absolute'],
    ['http://localhost:3000/', 'http:'],
  ])('%s is refused and the reason names it', (link, reason) => {
    expect(checkLink(link, rule)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  test('to localhost passes in local development only', () => {
    expect(checkLink('http://localhost:3000/x', localRule).ok).toBe(true);
    expect(checkLink('http://localhost.evil.test/x', localRule).ok).toBe(false);
  });
});

describe('a rendered text', () => {
  test('with allowed links only has no foreign one', () => {
    expect(
      findForeignLink('See https://app.example.com/a (or https://app.example.com/b).', rule),
    ).toBeUndefined();
  });

  test.each(['Hi https://evil.test, welcome', 'Hi www.evil.test', 'ftp://evil.test/x'])(
    '%s is caught',
    (text) => {
      expect(findForeignLink(text, rule)).toContain('evil.test');
    },
  );
});

describe('rendered HTML', () => {
  test('escaped but foreign attributes are caught', () => {
    expect(
      findForeignLinkInHtml('<a href="https://app.example.com/?a&#x3D;1&amp;b">x</a>', rule),
    ).toBeUndefined();
    expect(findForeignLinkInHtml('<a href="javascript:alert(1)">x</a>', rule)).toBe('javascript:alert(1)');
    expect(findForeignLinkInHtml("<img src='https://evil.test/pixel'>", rule)).toBe(
      'https://evil.test/pixel',
    );
  });
});
