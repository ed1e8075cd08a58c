import { rememberByKey } from './remember.ts';

/** The longest name in use has 32 characters (`America/Argentina/ComodRivadavia`). */
const zoneCharsMax = 40;

/**
 * The name of an IANA time zone as this runtime spells it, or `undefined`. Offsets (`+02:00`) are refused: they know
 * no daylight-saving time. The length is judged first: a name from outside never makes work without bound.
 */
export function parseTimeZone(text: string): string | undefined {
  if (text.length > zoneCharsMax || !/^[A-Za-z][\w/+-]*$/.test(text)) return undefined;
  return canonicalZone(text);
}

const canonicalZone = rememberByKey((name) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
});
