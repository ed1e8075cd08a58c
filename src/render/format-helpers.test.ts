import { describe, expect, test } from 'vitest';
import { formatHelpers } from './format-helpers.ts';

const now = Date.parse('2026-12-02T15:00:00Z');

interface Place {
  readonly locale?: string;
  readonly timeZone?: string;
}

/** What a helper prints, with every kind of space made plain (their kind differs between ICU versions). */
function print(
  helper: string,
  values: readonly unknown[],
  options: Readonly<Record<string, unknown>> = {},
  place: Place = {},
): string {
  const call = {
    locale: place.locale ?? 'en-US',
    timeZone: place.timeZone ?? 'America/New_York',
    nowMs: now,
    currency: 'USD',
    links: { hosts: new Set(['app.example.com']), allowLocalhost: false },
  };
  const scope = { good: 'https://app.example.com/a', foreign: 'https://evil.test/a' };
  const use = formatHelpers[helper];
  if (use === undefined) throw new Error(`no helper ${helper}`);
  return use({ values, options, scope, call }).replaceAll(/\s/g, ' ');
}

describe('dates', () => {
  test.each([
    ['2026-12-05T03:30:00Z', {}, {}, 'Friday, December 4, 2026'],
    ['2026-12-05T03:30:00Z', {}, { timeZone: 'Asia/Tokyo' }, 'Saturday, December 5, 2026'],
    ['2026-12-05T03:30:00+09:00', { style: 'short' }, {}, 'Fri, Dec 4'],
    ['2026-12-04', {}, { timeZone: 'Pacific/Honolulu' }, 'Friday, December 4, 2026'],
    ['2026-12-04', {}, { timeZone: 'Pacific/Kiritimati' }, 'Friday, December 4, 2026'],
    ['2026-12-04', { style: 'medium' }, { locale: 'en-GB' }, '4 Dec 2026'],
    ['2026-12-05 03:30:00+00', {}, {}, 'Friday, December 4, 2026'],
    ['2026-12-05t03:30:00z', {}, {}, 'Friday, December 4, 2026'],
    ['2026-12-05T08:30+05', {}, {}, 'Friday, December 4, 2026'],
    ['2026-12-04', {}, { locale: 'fr-FR' }, 'vendredi 4 décembre 2026'],
  ])('%s is the day where the reader is (%o %o)', (value, options, place, expected) => {
    expect(print('date', [value], options, place)).toBe(expected);
  });

  test('a time is printed in the reader’s zone, with the zone’s name', () => {
    expect(print('datetime', ['2026-12-04T22:00:00Z'])).toBe('Friday, December 4, 2026 at 5:00 PM EST');
    expect(print('datetime', ['2026-07-04T22:00:00Z'])).toBe('Saturday, July 4, 2026 at 6:00 PM EDT');
    expect(print('datetime', ['2026-12-04'])).toBe('Friday, December 4, 2026');
  });

  test.each(['soon', '', '2026-13-01T00:00:00Z', '2026-12-04T22:00:00', 1_700_000_000, null, undefined])(
    '%s is refused rather than printed wrongly',
    (value) => {
      expect(() => print('date', [value])).toThrow('ISO 8601');
    },
  );
});

test.each([
  ['2026-12-04T22:00:00Z', 'in 2 days'],
  ['2026-12-04T15:00:00Z', 'in 2 days'],
  ['2026-12-04T14:59:59Z', 'in 47 hours'],
  ['2026-12-02T16:00:00Z', 'in 1 hour'],
  ['2026-12-02T15:59:59Z', 'in 59 minutes'],
  ['2026-12-02T12:00:00Z', '3 hours ago'],
  ['2026-12-02', 'today'],
  ['2026-12-03', 'tomorrow'],
  ['2026-12-04', 'in 2 days'],
  ['2026-12-01', 'yesterday'],
])('%s is %s, never more time than there is', (value, expected) => {
  expect(print('relative', [value])).toBe(expected);
});

test('a bare date is counted in days of the reader’s own calendar', () => {
  // 15:00 UTC on 2 December is already 3 December on Kiritimati.
  expect(print('relative', ['2026-12-03'], {}, { timeZone: 'Pacific/Kiritimati' })).toBe('today');
});

describe('money', () => {
  test.each([
    [['29.00', 'USD'], {}, '$29.00'],
    [['29', 'USD'], {}, '$29.00'],
    [[2900, 'USD'], {}, '$29.00'],
    [[2900], {}, '$29.00'],
    [[2900, 'JPY'], {}, '¥2,900'],
    [['1234.5', 'EUR'], { locale: 'fr-FR' }, '1 234,50 €'],
    [['0.10', 'USD'], {}, '$0.10'],
    [['1500.00', 'JPY'], {}, '¥1,500'],
    [['1500.00', 'KRW'], {}, '₩1,500'],
    [['1500.00', 'XAF'], {}, 'FCFA 1,500'],
    [['12.345', 'KWD'], {}, 'KWD 12.345'],
    [[12_345, 'KWD'], {}, 'KWD 12.345'],
    // Minor units are those of ISO 4217, whatever CLDR prints.
    [[150_000, 'HUF'], {}, 'HUF 1,500'],
    [['1500.50', 'HUF'], {}, 'HUF 1,500.50'],
    [[150_000, 'IDR'], {}, 'IDR 1,500'],
    [['1500.00', 'COP'], {}, 'COP 1,500'],
    [['1234567890123456.78', 'USD'], {}, '$1,234,567,890,123,456.78'],
    [['-5.25', 'USD'], {}, '-$5.25'],
  ])('%o is printed as it is (%o)', (values, place, expected) => {
    expect(print('money', values, {}, place)).toBe(expected);
  });

  test.each([
    [[29.99, 'USD']],
    [['29.999', 'USD']],
    [['2900.5', 'JPY']],
    [['$29', 'USD']],
    [['29', 'dollars']],
    [['29', 'XXX']],
    [['29', 'usd']],
    [['29.00', 'XAU']],
    [['12.3456', 'KWD']],
    [[null, 'USD']],
  ])('%o is refused, never rounded or guessed', (values) => {
    expect(() => print('money', values)).toThrow(/amount|currency/);
  });
});

test.each([
  [0, {}, '0 matches'],
  [1, {}, '1 match'],
  [1200, {}, '1,200 matches'],
  [0, { locale: 'fr' }, '0 match'],
])('%i is counted by the rules of the language (%o)', (count, place, expected) => {
  expect(print('plural', [count], { one: '# match', other: '# matches' }, place)).toBe(expected);
});

test('a score is printed as the locale writes per cent', () => {
  expect(print('percent', [91.6])).toBe('92%');
  expect(print('percent', [92], {}, { locale: 'fr' })).toBe('92 %');
});

test('a long title is cut between characters and says so', () => {
  expect(print('shorten', ['Northern Lights', 10])).toBe('Norther...');
  expect(print('shorten', ['Northern', 8])).toBe('Northern');
  expect(print('shorten', ['🎓🎓🎓🎓🎓🎓', 5])).toBe('🎓🎓...');
});

describe('links', () => {
  test('a good one is printed, an absent one gives way to the other', () => {
    expect(print('url', ['good'])).toBe('https://app.example.com/a');
    expect(print('url', ['absent'], { or: 'https://app.example.com/' })).toBe('https://app.example.com/');
  });

  test('a foreign one is refused, naming its field and not the link', () => {
    expect(() => print('url', ['foreign'], { or: 'https://app.example.com/' })).toThrow(
      /the link in "foreign" is not an https link to an allowed host/,
    );
  });

  test('an absent one without another is refused', () => {
    expect(() => print('url', ['absent'])).toThrow('"absent" is not in the event data');
    expect(() => print('url', ['toString'])).toThrow('"toString" is not in the event data');
  });
});
