/**
 * The one reader of dates and instants from outside: the API, the schemas of the catalog, `not_after` and the
 * renderer all understand the same forms, and none understands more than the others.
 *
 * An instant is RFC 3339 (§5.6, with its lower-case `t` and `z`) and what databases and languages print for the same value: a space for the `T` (RFC 3339 §5.6, note), an offset of hours alone or without its colon (PostgreSQL's
 * `+00`, Python's `%z`), no seconds (ISO 8601), and the leap second `:60`, which is the instant after it as in POSIX.
 * Refused: a local time without an offset (whose noon?), a day that no calendar has, ordinal and week dates, more
 * than nine decimals, and years below 1000, which are what an unset date looks like (`0001-01-01`, `0000-00-00`).
 */
const instantForm =
  /^([1-9]\d{3}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)$/;
const dateForm = /^([1-9]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/** The longest form that is taken: `2026-12-04T22:00:00.123456789+00:00`. */
export const instantCharsMax = 35;
export const instantRepair =
  'give a date with time and offset (RFC 3339), for example 2026-11-20T09:30:00Z or 2026-11-20T09:30:00+02:00';

const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

/** Epoch milliseconds of an instant with its offset (what is finer is cut off), or `undefined`. */
export function parseInstant(text: string): number | undefined {
  const parts = instantForm.exec(text.slice(0, instantCharsMax + 1));
  const dayAtMs = parseDate(parts?.[1] ?? '');
  if (parts === null || dayAtMs === undefined) return undefined;
  const [, , hour, minute, second = '0', fraction = '', sign, ...offset] = parts;
  const offsetMs = toMinutesMs(offset[0], offset[1]) * (sign === '-' ? -1 : 1);
  const minuteAtMs = dayAtMs + toMinutesMs(hour, minute) - offsetMs;
  // A leap second is the last one of a day in UTC.
  if (second === '60') return (minuteAtMs + minuteMs) % dayMs === 0 ? minuteAtMs + minuteMs : undefined;
  return minuteAtMs + Number(second) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
}

function toMinutesMs(hours = '0', minutes = '0'): number {
  return (Number(hours) * 60 + Number(minutes)) * minuteMs;
}

/** Midnight UTC of a calendar day (`2026-12-04`), or `undefined`. */
export function parseDate(text: string): number | undefined {
  const [, year, month, day] = dateForm.exec(text) ?? [];
  if (year === undefined) return undefined;
  const atMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // 30 February is 2 March to `Date`.
  return new Date(atMs).getUTCDate() === Number(day) ? atMs : undefined;
}

/** An instant, or a bare date, which has no zone until a reader gives it one. */
export function parseDateOrInstant(
  text: string,
): { readonly atMs: number; readonly isBareDate: boolean } | undefined {
  const dayAtMs = parseDate(text);
  if (dayAtMs !== undefined) return { atMs: dayAtMs, isBareDate: true };
  const atMs = parseInstant(text);
  return atMs === undefined ? undefined : { atMs, isBareDate: false };
}
