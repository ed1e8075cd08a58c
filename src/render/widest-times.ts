import { isGsm7 } from '../domain/gsm-7.ts';
import { type DateStyle, formatDate, formatRelative } from './format-instant.ts';
import { normaliseSms } from './normalise-text.ts';
import { rememberFormats } from './remember-formats.ts';

/**
 * The longest text that a date, or a date with its time, makes in a locale, whatever the day, the hour and the zone; one
 * with letters outside GSM-7 if any has them. Three letters longer, for what regions of one language do differently.
 */
export function widestDate(locale: string, style: DateStyle, time?: 'with-time'): string {
  return rememberedDate(locale, { style, time });
}

/** The same for `in 2 days`, within a thousand days of the instant. */
export function widestRelative(locale: string): string {
  return rememberedRelative(locale, {});
}

const rememberedDate = rememberFormats(
  (locale, options: { style: DateStyle; time: 'with-time' | undefined }) => {
    // The longest names of hours and zones: 10:45 in the evening, an offset with minutes.
    const place = { locale, timeZone: 'Pacific/Chatham', nowMs: 0 };
    return findWidest(
      months.flatMap((month) =>
        weekdays.map((day) =>
          formatDate(toIso(Date.UTC(2026, month, day, 9)), options.style, place, options.time),
        ),
      ),
    );
  },
);

const rememberedRelative = rememberFormats((locale) => {
  const nowMs = Date.UTC(2026, 0, 15, 12);
  const place = { locale, timeZone: 'UTC', nowMs };
  const instants = [59, -59, 47 * 60, -47 * 60, 999 * 1440, -999 * 1440].map(
    (minutes) => nowMs + minutes * 60_000,
  );
  const days = [-2, -1, 0, 1, 2].map((day) => nowMs + day * 86_400_000);
  return findWidest([
    ...instants.map((atMs) => formatRelative(toIso(atMs), place)),
    ...days.map((atMs) => formatRelative(toIso(atMs).slice(0, 10), place)),
  ]);
});

const months = Array.from({ length: 12 }, (_, month) => month);
const weekdays = Array.from({ length: 7 }, (_, day) => 22 + day);
const slack = 'xxx';

function findWidest(texts: readonly string[]): string {
  const plain = texts.map((text) => normaliseSms(text));
  const dear = plain.filter((text) => !isGsm7(text));
  const widest = (dear.length > 0 ? dear : plain).reduce(
    (long, text) => (text.length > long.length ? text : long),
    '',
  );
  return widest + slack;
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}
