import { expect, test } from 'vitest';
import { withShortTitles } from '../../test/support/short-titles.ts';
import { cleanDisplayName } from './display-name.ts';
import { parseLocale } from './locale.ts';
import { parseTimeZone } from './time-zone.ts';

const tags: readonly (readonly [string, string | undefined])[] = [
  ['en', 'en'],
  ['fr-ca', 'fr-CA'],
  ['fr_CA', 'fr-CA'],
  ['ZH_hant_tw', 'zh-Hant-TW'],
  ['iw', 'he'],
  ['ar-u-nu-latn', 'ar-u-nu-latn'],
  // 35 characters, and 36.
  ['en-x-abcdefgh-abcdefgh-abcdefgh-abc', 'en-x-abcdefgh-abcdefgh-abcdefgh-abc'],
  ['en-x-abcdefgh-abcdefgh-abcdefgh-abcd', undefined],
  [`en-x${'-a'.repeat(120_000)}`, undefined],
  [`en-u${'-ca-gregory'.repeat(20_000)}`, undefined],
  [`en-u-${'abc-'.repeat(60_000)}abc`, undefined],
  ['_'.repeat(250_000), undefined],
  ['fr_CA.UTF-8', undefined],
  ['x-private', undefined],
  ['not a tag', undefined],
  ['', undefined],
];
test.each(withShortTitles(tags))('%s as the language tag', (_name, text, expected) => {
  expect(parseLocale(text)).toBe(expected);
});

const zones: readonly (readonly [string, string | undefined])[] = [
  ['Europe/Paris', 'Europe/Paris'],
  ['europe/paris', 'Europe/Paris'],
  ['EUROPE/PARIS', 'Europe/Paris'],
  ['UTC', 'UTC'],
  ['Etc/GMT+12', 'Etc/GMT+12'],
  ['Australia/LHI', 'Australia/Lord_Howe'],
  ['+02:00', undefined],
  ['Mars/Base', undefined],
  ['Europe/Paris ', undefined],
  ['', undefined],
  ['A'.repeat(250_000), undefined],
  [`Europe/${'a/'.repeat(100_000)}`, undefined],
];
test.each(withShortTitles(zones))('%s as the zone', (_name, text, expected) => {
  expect(parseTimeZone(text)).toBe(expected);
});

const names: readonly (readonly [string, string | undefined])[] = [
  ['Jo Smith', 'Jo Smith'],
  ['\u0645\u06cc\u200c\u062e\u0648', '\u0645\u06cc\u200c\u062e\u0648'],
  ['👨‍👩‍👧', '👨‍👩‍👧'],
  ['\u202eevil\u202c', 'evil'],
  ['a\u202ab\u202bc\u202cd\u202de\u202ef', 'abcdef'],
  ['\u2066a\u2067b\u2068c\u2069', 'abc'],
  ['\u200e\u05d3\u05e0\u200f\u061c', '\u05d3\u05e0'],
  ['x'.repeat(200), 'x'.repeat(200)],
  ['x'.repeat(201), undefined],
  ['\u200f', undefined],
  ['', undefined],
  ['a\r\nBcc: x', undefined],
  ['a\u2028b', undefined],
  ['a\u0000b', undefined],
  ['half \ud83d', undefined],
  ['\u200f'.repeat(250_000), undefined],
];
test.each(withShortTitles(names))('%s as the display name', (_name, text, expected) => {
  expect(cleanDisplayName(text)).toBe(expected);
});
