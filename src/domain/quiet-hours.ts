import { rememberByKey } from './remember.ts';

export interface QuietHours {
  /** First quiet hour of the day, 0-23. */
  readonly fromHour: number;
  /** First hour that is not quiet any more, 0-23. Equal to `fromHour`: no quiet hours. */
  readonly toHour: number;
}

/**
 * When the quiet hours that `nowMs` lies in end, in the recipient's zone; 0 when it lies in none.
 * The end is found on the zone's own clock, so a daylight-saving change in the night is counted right.
 */
export function findQuietEnd(quiet: QuietHours, timeZone: string, nowMs: number): number {
  if (!isQuiet(quiet, readHour(timeZone, nowMs))) return 0;
  const minuteMs = 60_000;
  let at = Math.floor(nowMs / minuteMs) * minuteMs + minuteMs;
  // Quarter-hour steps meet every zone's hour edge; a quiet night has at most 24 h.
  while (at % (15 * minuteMs) !== 0) at += minuteMs;
  for (let step = 0; step < 100 && isQuiet(quiet, readHour(timeZone, at)); step += 1) at += 15 * minuteMs;
  return at;
}

function isQuiet(quiet: QuietHours, hour: number): boolean {
  const { fromHour, toHour } = quiet;
  if (fromHour === toHour) return false;
  return fromHour < toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour;
}

const hourFormat = rememberByKey(
  (timeZone) => new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' }),
);

function readHour(timeZone: string, atMs: number): number {
  return Number(hourFormat(timeZone).format(atMs));
}
