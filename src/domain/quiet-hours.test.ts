import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findQuietEnd } from './quiet-hours.ts';

const night = { fromHour: 21, toHour: 8 };
const at = (text: string): number => Date.parse(text);

describe('findQuietEnd', () => {
  test.each([
    ['before the night', 'UTC', '2026-11-20T20:59:59.999Z', 0],
    ['at its first moment', 'UTC', '2026-11-20T21:00:00Z', at('2026-11-21T08:00:00Z')],
    ['after midnight', 'UTC', '2026-11-21T00:00:00Z', at('2026-11-21T08:00:00Z')],
    ['at its last millisecond', 'UTC', '2026-11-21T07:59:59.999Z', at('2026-11-21T08:00:00Z')],
    ['at its end', 'UTC', '2026-11-21T08:00:00Z', 0],
    ['in a zone of quarter hours', 'Asia/Kathmandu', '2026-11-20T16:00:00Z', at('2026-11-21T02:15:00Z')],
    // 7 March 2026, 22:00 in New York; the clocks go from 2:00 to 3:00 that night.
    ['in a night an hour short', 'America/New_York', '2026-03-08T03:00:00Z', at('2026-03-08T12:00:00Z')],
    // 31 October 2026, 22:00 in New York; the clocks go from 2:00 back to 1:00 that night.
    ['in a night an hour long', 'America/New_York', '2026-11-01T02:00:00Z', at('2026-11-01T13:00:00Z')],
  ])('%s', (_name, timeZone, now, end) => {
    expect(findQuietEnd(night, timeZone, at(now))).toBe(end);
  });

  test('an end within the hour that is left out comes with the first hour after it', () => {
    // London springs from 1:00 to 2:00 on 29 March 2026.
    expect(findQuietEnd({ fromHour: 23, toHour: 1 }, 'Europe/London', at('2026-03-29T00:30:00Z'))).toBe(
      at('2026-03-29T01:00:00Z'),
    );
  });

  test('equal hours mean no quiet hours', () => {
    expect(findQuietEnd({ fromHour: 8, toHour: 8 }, 'UTC', at('2026-11-20T08:30:00Z'))).toBe(0);
  });

  test('the end lies ahead, within a day and an hour, and is not quiet itself', () => {
    const hour = fc.nat(23);
    const zone = fc.constantFrom(
      'UTC',
      'America/New_York',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    );
    const now = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') });
    fc.assert(
      fc.property(hour, hour, zone, now, (fromHour, toHour, timeZone, nowMs) => {
        const end = findQuietEnd({ fromHour, toHour }, timeZone, nowMs);
        if (end === 0) return;
        expect(end).toBeGreaterThan(nowMs);
        expect(end - nowMs).toBeLessThanOrEqual(25 * 3_600_000);
        expect(findQuietEnd({ fromHour, toHour }, timeZone, end)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
