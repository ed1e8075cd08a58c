import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { named } from '../../test/support/shorten.ts';
import { parseDate, parseDateOrInstant, parseInstant } from './instant.ts';

/** Text → what it means; `undefined`: it is refused. Every caller of the service has this one table. */
const forms: readonly (readonly [string, string | undefined, string])[] = [
  ['2026-12-04T22:00:00Z', '2026-12-04T22:00:00.000Z', 'RFC 3339'],
  ['2026-12-04t22:00:00z', '2026-12-04T22:00:00.000Z', 'RFC 3339 §5.6: lower case'],
  ['2026-12-04 22:00:00Z', '2026-12-04T22:00:00.000Z', 'RFC 3339 §5.6: a space'],
  ['2026-12-04T22:00:00+00:00', '2026-12-04T22:00:00.000Z', 'Python isoformat'],
  ['2026-12-04 22:00:00+00:00', '2026-12-04T22:00:00.000Z', 'Python str()'],
  ['2026-12-04 22:00:00+00', '2026-12-04T22:00:00.000Z', 'PostgreSQL'],
  ['2026-12-04 22:00:00.123456+05:30', '2026-12-04T16:30:00.123Z', 'PostgreSQL, India'],
  ['2026-11-20T09:00:00+05', '2026-11-20T04:00:00.000Z', 'dayjs#1205'],
  ['2026-12-04T22:00:00-0500', '2026-12-05T03:00:00.000Z', 'strftime %z'],
  ['2026-12-04T22:00:00-00:00', '2026-12-04T22:00:00.000Z', 'RFC 3339 §4.3: offset not known'],
  ['2026-12-04T22:00Z', '2026-12-04T22:00:00.000Z', 'ISO 8601 without seconds'],
  ['2026-12-04T22:00:00.1Z', '2026-12-04T22:00:00.100Z', 'a tenth'],
  ['2026-12-04T22:00:00.9999999Z', '2026-12-04T22:00:00.999Z', '.NET: seven decimals, cut off'],
  ['2026-12-04T22:00:00.123456789Z', '2026-12-04T22:00:00.123Z', 'Java: nine decimals'],
  ['2026-12-04T22:00:00.123456789+00:00', '2026-12-04T22:00:00.123Z', 'the longest form'],
  ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z', 'RFC 3339 §5.7: a leap second'],
  ['2016-12-31T18:59:60-05:00', '2017-01-01T00:00:00.000Z', 'the same, in New York'],
  ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z', 'a leap day'],
  ['2026-12-04T22:00:00.1234567890Z', undefined, 'ten decimals'],
  ['2026-12-04T22:00:00,5Z', undefined, 'a decimal comma'],
  ['2026-12-04T22:00:00', undefined, 'whose ten in the evening?'],
  ['2026-12-04 22:00:00', undefined, 'the same, from MySQL'],
  ['2026-12-04T22:00:00 Z', undefined, 'a space before the offset'],
  ['2026-12-04 22:00:00 +0000', undefined, 'Ruby to_s'],
  ['2026-12-04 22:00:00 UTC', undefined, 'a zone by name'],
  ['2026-12-04T22:00:00[Europe/Paris]', undefined, 'RFC 9557'],
  ['2026-12-04\u00a022:00:00Z', undefined, 'a no-break space, which ajv-formats takes'],
  ['2026-12-04\n22:00:00Z', undefined, 'a line feed, which ajv-formats takes'],
  ['2026-12-04T22:00:00+5', undefined, 'half an hour of offset'],
  ['2026-12-04T22:00:00+24:00', undefined, 'a day of offset'],
  ['2026-12-04T22:00:00-04:56:02', undefined, 'local mean time'],
  ['2026-12-04T22:00:60Z', undefined, 'a leap second where none can be'],
  ['2026-12-04T24:00:00Z', undefined, 'hour 24'],
  ['2026-12-04T22:60:00Z', undefined, 'minute 60'],
  ['2026-02-30T09:00:00Z', undefined, 'no such day'],
  ['2025-02-29T12:00:00Z', undefined, 'no leap year'],
  ['2026-13-01T00:00:00Z', undefined, 'no such month'],
  ['0001-01-01T00:00:00Z', undefined, 'an unset date of .NET'],
  ['0000-00-00T00:00:00Z', undefined, 'an unset date of MySQL'],
  ['-001234-01-01T00:00:00Z', undefined, 'before the era'],
  ['+012026-12-04T22:00:00Z', undefined, 'the year 12026'],
  ['20261204T220000Z', undefined, 'ISO 8601 basic'],
  ['2026-W49-5T22:00:00Z', undefined, 'a week date'],
  ['2026-338T22:00:00Z', undefined, 'an ordinal date'],
  ['2026-12-04', undefined, 'a day is no instant'],
  ['1796421600', undefined, 'seconds since 1970'],
  ['Fri, 04 Dec 2026 22:00:00 GMT', undefined, 'RFC 5322'],
  ['12/04/2026', undefined, 'a month first, or a day'],
  ['tomorrow', undefined, ''],
  ['', undefined, ''],
  [`2026-12-04T22:00:00.${'1'.repeat(200_000)}Z`, undefined, 'no end'],
];

test.each(named(forms))('%s as an instant', (_name, text, expected) => {
  const atMs = parseInstant(text);
  expect(atMs === undefined ? undefined : new Date(atMs).toISOString()).toBe(expected);
});

test.each([
  ['2026-12-04', '2026-12-04T00:00:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ['2026-02-29', undefined],
  ['2026-04-31', undefined],
  ['0999-12-31', undefined],
  ['2026-12-4', undefined],
  ['2026-12-04 ', undefined],
  ['2026-12-04Z', undefined],
])('%s is the day %s', (text, expected) => {
  const atMs = parseDate(text);
  expect(atMs === undefined ? undefined : new Date(atMs).toISOString()).toBe(expected);
});

describe('what is written by a program', () => {
  const instants = fc.date({ min: new Date('1000-01-02'), max: new Date('9999-12-30'), noInvalidDate: true });

  test('is read back to the millisecond, with any offset', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: -23 * 60, max: 23 * 60 }), (date, minutes) => {
        const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
        const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
          String(part).padStart(2, '0'),
        );
        expect(parseInstant(`${local}${minutes < 0 ? '-' : '+'}${hours}:${rest}`)).toBe(date.getTime());
      }),
    );
  });

  test('and never as a day and an instant at once', () => {
    fc.assert(
      fc.property(instants, (date) => {
        const text = date.toISOString();
        expect(parseDateOrInstant(text)).toEqual({ atMs: date.getTime(), isBareDate: false });
        expect(parseDateOrInstant(text.slice(0, 10))).toMatchObject({ isBareDate: true });
      }),
    );
  });
});

/** `Date.parse` takes forms that nobody promised, and another set of them in each engine. */
const othersThatParse: Readonly<Record<string, string>> = {
  'src/cli/describe-flags.ts': 'of an answer of our own API',
  'src/watchdog/incidents.ts': 'of a record of our own',
  'src/watchdog/read-watchdog.ts': 'of a record of our own',
  'src/watchdog/status-notes.ts': 'of a record of our own',
  'src/providers/sms/judge-status.ts': 'an HTTP date (RFC 9110 §5.6.7), which is another form',
};

test('no text from outside is read as a date by anything else', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name}`)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .filter((name) =>
      /\bDate\.parse\(|\bnew Date\((?:text|value)\)|iso\.date/.test(readFileSync(name, 'utf8')),
    );
  expect(files.toSorted()).toEqual(Object.keys(othersThatParse).toSorted());
});
