import { dayMs } from './instant.ts';
import { rememberByKey } from './remember.ts';
import { parseTimeZone } from './time-zone.ts';

/** Days end here last of all: whoever has not yet ended a day is nowhere later than this. */
const latestOffsetMs = -12 * 60 * 60 * 1000;

/** Changes of clocks are at most this far from the midnight that they move. */
const changeMs = 3 * 60 * 60 * 1000;

/**
 * When the calendar day that is written as midnight UTC `dayAtMs` is over where the reader is; without a zone, or in
 * one that this runtime does not know, when it is over everywhere. Where clocks are put back over midnight the day ends
 * when the calendar shows the next one for good, and where midnight is skipped, when the clock jumps.
 */
export function findDayEnd(dayAtMs: number, zone: string | undefined): number {
  const nextMs = dayAtMs + dayMs;
  const timeZone = zone === undefined ? undefined : parseTimeZone(zone);
  if (timeZone === undefined) return nextMs - latestOffsetMs;
  const nearMs = nextMs - readOffset(timeZone, nextMs);
  const midnights = [-changeMs, 0, changeMs]
    .map((awayMs) => nextMs - readOffset(timeZone, nearMs + awayMs))
    .toSorted((one, other) => one - other);
  return midnights.find((atMs) => findReaderDay(atMs, timeZone) > dayAtMs) ?? nextMs - latestOffsetMs;
}

/** Midnight UTC of the day that the reader's calendar shows at `atMs`. */
export function findReaderDay(atMs: number, timeZone: string): number {
  return Math.floor((atMs + readOffset(timeZone, atMs)) / dayMs) * dayMs;
}

const offsetFormat = rememberByKey(
  (timeZone) => new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }),
);

/** How far the zone's clock is ahead of UTC at `atMs`. */
function readOffset(timeZone: string, atMs: number): number {
  const parts = offsetFormat(timeZone).formatToParts(atMs);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes, seconds = '0'] = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name) ?? [];
  if (sign === undefined) return 0;
  const offsetMs = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -offsetMs : offsetMs;
}
