import { dayMs, parseDateOrInstant } from '../domain/instant.ts';
import { findReaderDay } from '../domain/reader-day.ts';
import { rememberByKey } from '../domain/remember.ts';
import { RenderError } from './rendered.ts';

/** Where and when the reader is. */
export interface ReaderPlace {
  readonly locale: string;
  /** IANA zone name. */
  readonly timeZone: string;
  readonly nowMs: number;
}

/** A maker of Intl formatters that builds each one once. `Options` survive JSON. */
export function rememberFormats<Options, Format>(
  make: (locale: string, options: Options) => Format,
): (locale: string, options: Options) => Format {
  const remembered = rememberByKey((key) => make(...(JSON.parse(key) as [string, Options])));
  return (locale, options) => remembered(JSON.stringify([locale, options]));
}

const dateFormat = rememberFormats(
  (locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options),
);
const relativeFormat = rememberFormats(
  (locale, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(locale, options),
);

const dateStyles = {
  long: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
  medium: { year: 'numeric', month: 'short', day: 'numeric' },
  short: { weekday: 'short', month: 'short', day: 'numeric' },
  numeric: { year: 'numeric', month: '2-digit', day: '2-digit' },
} as const satisfies Readonly<Record<string, Intl.DateTimeFormatOptions>>;

export type DateStyle = keyof typeof dateStyles;

export function isDateStyle(value: unknown): value is DateStyle {
  return typeof value === 'string' && Object.hasOwn(dateStyles, value);
}

/**
 * The day (and time, with the zone's name) as it is where the reader is. A bare date (`2026-12-04`) has no
 * zone: it is printed unchanged. Throws `RenderError` for what is neither.
 */
export function formatDate(value: unknown, style: DateStyle, place: ReaderPlace, time?: 'with-time'): string {
  const { atMs, isBareDate } = readInstant(value);
  const clock = { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' } as const;
  return dateFormat(place.locale, {
    ...dateStyles[style],
    ...(time === 'with-time' && !isBareDate ? clock : {}),
    timeZone: isBareDate ? 'UTC' : place.timeZone,
  }).format(atMs);
}

/**
 * `in 2 days`, `in 5 hours`, `3 days ago`: rounded towards now, so that it never promises time that is not there.
 * A bare date is counted in days of the reader's calendar: `today`, `tomorrow`, `in 2 days`.
 */
export function formatRelative(value: unknown, place: ReaderPlace): string {
  const { atMs, isBareDate } = readInstant(value);
  if (isBareDate) {
    const days = Math.round((atMs - findReaderDay(place.nowMs, place.timeZone)) / dayMs);
    return relativeFormat(place.locale, { numeric: 'auto' }).format(days, 'day');
  }
  const minutes = Math.trunc((atMs - place.nowMs) / 60_000);
  const format = relativeFormat(place.locale, { numeric: 'always' });
  if (Math.abs(minutes) < 60) return format.format(minutes, 'minute');
  const hours = Math.trunc(minutes / 60);
  return Math.abs(hours) < 48 ? format.format(hours, 'hour') : format.format(Math.trunc(hours / 24), 'day');
}

function readInstant(value: unknown): { readonly atMs: number; readonly isBareDate: boolean } {
  const instant = typeof value === 'string' ? parseDateOrInstant(value) : undefined;
  if (instant === undefined)
    throw new RenderError('a date must be ISO 8601 with its zone, such as 2026-12-04T22:00:00Z');
  return instant;
}
