import { expect, test } from 'vitest';
import { directionOf, formatLocaleFor, localeChain, pickLocale } from './pick-locale.ts';

test.each([
  ['fr-CA', 'fr'],
  ['fr', 'fr'],
  ['FR-ca', 'fr'],
  ['pt-BR', 'pt-BR'],
  ['pt', 'pt-BR'],
  ['de-DE', 'en'],
  ['not a tag', 'en'],
  ['', 'en'],
])('%s is written to in %s', (wanted, picked) => {
  expect(pickLocale(['en', 'fr', 'pt-BR'], wanted, 'en')).toBe(picked);
});

/** What there is, whom it is for, what is picked: likely subtags (UTS #35) decide what a tag leaves open. */
test.each<readonly [readonly string[], string, string]>([
  [['en', 'fr'], 'fr_CA', 'fr'],
  [['en', 'fr', 'fr-CA'], 'fr_CA', 'fr-CA'],
  [['en', 'fr', 'fr-CA'], 'fr-BE', 'fr'],
  [['en', 'zh-Hant'], 'zh-TW', 'zh-Hant'],
  [['en', 'zh', 'zh-Hant'], 'zh-TW', 'zh-Hant'],
  [['en', 'zh-Hant', 'zh'], 'zh-HK', 'zh-Hant'],
  [['en', 'zh', 'zh-Hant'], 'zh-CN', 'zh'],
  [['en', 'zh', 'zh-Hant'], 'zh', 'zh'],
  // One script is read with trouble by who reads the other; English perhaps not at all.
  [['en', 'zh'], 'zh-TW', 'zh'],
  [['en', 'pt-BR'], 'pt', 'pt-BR'],
  [['en', 'pt-PT'], 'pt', 'pt-PT'],
  [['en', 'pt-PT', 'pt-BR'], 'pt', 'pt-BR'],
  [['en', 'pt-PT', 'pt-BR'], 'pt-PT', 'pt-PT'],
  [['en', 'pt-BR'], 'pt-PT', 'pt-BR'],
  [['en', 'nb'], 'no', 'nb'],
  [['en', 'nb'], 'nb-NO', 'nb'],
  [['en', 'no'], 'nb', 'no'],
  [['en', 'sr', 'sr-Latn'], 'sr-Latn-RS', 'sr-Latn'],
  [['en', 'sr', 'sr-Latn'], 'sh', 'sr-Latn'],
  [['en', 'sr', 'sr-Latn'], 'sr-BA', 'sr'],
  [['en', 'he'], 'iw', 'he'],
  [['fr', 'en'], 'en-US-x-home', 'en'],
  [['fr', 'en'], 'und', 'en'],
  [['en', 'fr'], `fr-x${'-a'.repeat(20)}`, 'en'],
])('of %j a person of %s gets %s', (available, wanted, picked) => {
  expect(pickLocale(available, wanted, available[0] ?? '')).toBe(picked);
});

test('a tag without end, from a record or a directory, costs nothing and falls back', () => {
  const began = performance.now();
  for (const tag of [
    `en-x${'-a'.repeat(120_000)}`,
    `fr-u${'-ca-gregory'.repeat(20_000)}`,
    '_'.repeat(250_000),
  ]) {
    expect(pickLocale(['en', 'fr'], tag, 'en')).toBe('en');
    expect(formatLocaleFor('en', tag)).toBe('en');
    expect(localeChain(tag)).toEqual([]);
  }
  expect(performance.now() - began).toBeLessThan(50);
});

test.each([
  ['zh', 'zh-TW', 'zh'],
  ['zh-Hant', 'zh-TW', 'zh-TW'],
  ['nb', 'no', 'no'],
  ['pt-BR', 'pt-PT', 'pt-PT'],
  ['en', 'en-GB', 'en-GB'],
  ['en', 'de-DE', 'en'],
  ['fr', 'fr-CA', 'fr-CA'],
  ['en', 'not a tag', 'en'],
])('a text in %s for a person in %s has dates in %s', (template, wanted, expected) => {
  expect(formatLocaleFor(template, wanted)).toBe(expected);
});

test.each([
  ['en', 'ltr'],
  ['fr-CA', 'ltr'],
  ['ar', 'rtl'],
  ['he', 'rtl'],
  ['fa-IR', 'rtl'],
  ['ur', 'rtl'],
  ['az-Arab', 'rtl'],
  ['az', 'ltr'],
  ['pa', 'ltr'],
  ['ckb', 'rtl'],
  ['ur-Aran', 'rtl'],
])('%s is written %s', (locale, direction) => {
  expect(directionOf(locale)).toBe(direction);
});
