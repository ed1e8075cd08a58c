import { expect, test } from 'vitest';
import { formatLocaleFor, pickLocale } from './pick-locale.ts';

test.each([
  ['fr-CA', 'fr'],
  ['fr', 'fr'],
  ['FR-ca', 'fr'],
  ['pt-BR', 'pt-BR'],
  ['pt', 'en'],
  ['de-DE', 'en'],
  ['not a tag', 'en'],
  ['', 'en'],
])('%s is written to in %s', (wanted, picked) => {
  expect(pickLocale(['en', 'fr', 'pt-BR'], wanted, 'en')).toBe(picked);
});

test.each([
  ['en', 'en-GB', 'en-GB'],
  ['en', 'de-DE', 'en'],
  ['fr', 'fr-CA', 'fr-CA'],
  ['en', 'not a tag', 'en'],
])('a text in %s for a person in %s has dates in %s', (template, wanted, expected) => {
  expect(formatLocaleFor(template, wanted)).toBe(expected);
});
