import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayMs, parseDate } from './instant.ts';
import { findDayEnd, findReaderDay } from './reader-day.ts';

const endOf = (date: string, timeZone?: string): string =>
  new Date(findDayEnd(parseDate(date) ?? Number.NaN, timeZone)).toISOString();

test.each([
  ['2026-12-04', 'UTC', '2026-12-05T00:00:00.000Z'],
  ['2026-12-04', 'America/Los_Angeles', '2026-12-05T08:00:00.000Z'],
  ['2026-12-04', 'Pacific/Kiritimati', '2026-12-04T10:00:00.000Z'],
  ['2026-12-04', 'Asia/Kathmandu', '2026-12-04T18:15:00.000Z'],
  // Days of 23 and 25 hours.
  ['2026-03-08', 'America/New_York', '2026-03-09T04:00:00.000Z'],
  ['2026-11-01', 'America/New_York', '2026-11-02T05:00:00.000Z'],
  ['2026-04-04', 'Australia/Sydney', '2026-04-04T13:00:00.000Z'],
  ['2026-04-05', 'Australia/Sydney', '2026-04-05T14:00:00.000Z'],
  // Midnight is skipped: the day ends when the clock jumps to 1:00.
  ['2018-11-03', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
  ['2022-03-26', 'Asia/Beirut', '2022-03-26T22:00:00.000Z'],
  // The clock is put back to 23:00 at midnight: the day ends the second time.
  ['2018-02-17', 'America/Sao_Paulo', '2018-02-18T03:00:00.000Z'],
  ['2022-10-29', 'Asia/Beirut', '2022-10-29T22:00:00.000Z'],
  // Put back from 1:00 to 0:00: the day was over the first time.
  ['2020-10-29', 'Asia/Amman', '2020-10-29T21:00:00.000Z'],
  // Of a reader whose zone is not known, and in a zone that is none: nowhere is it later.
  ['2026-12-04', undefined, '2026-12-05T12:00:00.000Z'],
  ['2026-12-04', 'Etc/GMT+12', '2026-12-05T12:00:00.000Z'],
  ['2026-12-04', 'Mars/Base', '2026-12-05T12:00:00.000Z'],
])('%s in %s is over at %s', (date, timeZone, expected) => {
  expect(endOf(date, timeZone)).toBe(expected);
});

test('until its end the reader’s calendar shows that day or an earlier one, and from then on a later one', () => {
  const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
  const day = fc.integer({ min: Date.UTC(1990, 0, 1) / dayMs, max: Date.UTC(2040, 0, 1) / dayMs });
  fc.assert(
    fc.property(zone, day, (timeZone, number) => {
      const dayAtMs = number * dayMs;
      const end = findDayEnd(dayAtMs, timeZone);
      expect(findReaderDay(end - 1, timeZone)).toBeLessThanOrEqual(dayAtMs);
      expect(findReaderDay(end, timeZone)).toBeGreaterThan(dayAtMs);
      expect(end).toBeLessThanOrEqual(findDayEnd(dayAtMs, undefined));
    }),
    { numRuns: 3_000 },
  );
});
