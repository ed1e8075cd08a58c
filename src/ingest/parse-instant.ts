const pattern =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * The epoch milliseconds of an ISO 8601 / RFC 3339 instant *with its offset*, or `undefined`. A local time without
 * an offset is refused (whose noon?), and so are days that no calendar has, which `Date.parse` would roll over.
 */
export function parseInstant(text: string): number | undefined {
  const [, year, month, day] = pattern.exec(text) ?? [];
  if (year === undefined || Number(day) > countDays(Number(year), Number(month))) return undefined;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

/** Days of a month, January being 1: the day before the first of the next one. */
function countDays(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
