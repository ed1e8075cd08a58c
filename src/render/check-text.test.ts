import { describe, expect, test } from 'vitest';
import { findTextError, kindOfField, sanitizeName } from './check-text.ts';
import { sanitizeText } from './normalise-text.ts';

const rule = { hosts: new Set(['app.example.com']), allowLocalhost: false };

describe('what no name and no title may hold', () => {
  test.each([
    ['visit https://evil.example/x', 'a link to a host'],
    ['HTTPS://EVIL.example', 'a link to a host'],
    ['ftp://app.example.com/x', 'a link to a host'],
    ['https://app.example.com@evil.example/', 'a link to a host'],
    ['www.evil.example', 'a web address'],
    ['ask jo@evil.example', 'a mail address'],
    ['call tel:+15555550123', 'a link of a telephone'],
    ['javascript pay mailto:x', 'a link of a telephone'],
    ['go to 192.0.2.7', 'an IP address'],
    ['call +1 555 555 0123', 'a telephone number'],
    ['(555) 555-0123', 'a telephone number'],
    ['５５５-５５５-０１２３', 'a telephone number'],
    ['℡.℃om https：//evil.example', 'a link to a host'],
  ])('%s: %s', (text, what) => {
    expect(findTextError(sanitizeText(text), rule, 'prose')).toContain(what);
  });

  test('nothing that can be seen', () => {
    expect(findTextError('', rule, 'prose')).toBe('holds nothing that can be seen');
  });
});

describe('what people write', () => {
  test.each([
    'Ada Lovelace',
    'Bold.org Scholarship',
    'Class of 2026/27',
    'due 2026-12-04',
    'up to 1 000 000 HUF',
    'up to $10000-20000',
    'Award 1234567',
    'Section B12',
    'details: https://app.example.com/s/42',
    '奨学金のお知らせ。明日まで',
    'منحة دراسية',
  ])('%s', (text) => {
    expect(findTextError(sanitizeText(text), rule, 'prose')).toBeUndefined();
  });
});

test('a code is printed as it is, so a bare domain is an error of it, and digits are none', () => {
  expect(findTextError('evil.com', rule, 'code')).toContain('a web address');
  expect(findTextError('pay-555-555-0123', rule, 'code')).toBeUndefined();
  expect(['txnId', 'scholarship_id', 'id', 'title', 'paid'].map(kindOfField)).toEqual([
    'code',
    'code',
    'code',
    'prose',
    'prose',
  ]);
});

test('a name that may not be printed is left out, and any other is printed clean', () => {
  expect(sanitizeName('https://evil.example', rule)).toBeUndefined();
  expect(sanitizeName('\u200b', rule)).toBeUndefined();
  expect(sanitizeName(undefined, rule)).toBeUndefined();
  expect(sanitizeName(' Ada \u202e Bold.org ', rule)).toBe('Ada Bold. org');
});
