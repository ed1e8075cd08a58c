import fc from 'fast-check';
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

test('only words that may be links are judged, and the same one is found as if all were', () => {
  const words =
    'https://app.example.com/x https://evil.test :// www. WwW2. www a é . / @ see _ 1 , ) ٣'.split(' ');
  const piece = fc.constantFrom(...words, ' ', '\n', '\u2028', '\u00a0', '\u0301', '"', "'", '<', '>');
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, (given) => {
      const all = given.split(/[\s"'<>]+/);
      const foreign = all.find((word) => findForeignLink(` ${word} `, rule) !== undefined);
      expect(findForeignLink(given, rule)).toBe(foreign);
      expect(foreign).toBe(all.find((word) => !isAllowedByItself(word)));
    }),
    { seed: 9, numRuns: 3_000 },
  );
});

/** By the rule as it is told, with nothing remembered. */
function isAllowedByItself(word: string): boolean {
  if (!word.includes('://')) return !/(?<![\p{L}\p{N}])www\d?\.[\p{L}\p{N}]/iu.test(word);
  const link = /[a-z][a-z0-9+.-]*:\/\/.*/i.exec(word)?.[0] ?? '';
  return checkLink(link.replace(/[).,;:!?\]]+$/, ''), { ...rule }).ok;
}

test('a text of any length is read once', () => {
  const begun = performance.now();
  for (const unit of ['www', '://', 'w', 'ww.', 'www ', 'https://'])
    findForeignLink(unit.repeat(20_000), localRule);
  expect(performance.now() - begun).toBeLessThan(2_000);
});

test('a verdict is remembered for its own rule only', () => {
  const link = 'https://other.example.com/';
  expect(checkLink(link, rule).ok).toBe(false);
  expect(checkLink(link, { ...rule, hosts: new Set(['other.example.com']) }).ok).toBe(true);
  expect(checkLink(link, rule).ok).toBe(false);
});
