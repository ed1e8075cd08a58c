/** Rows of a table with their first value shortened in front, for the names of tests: some hold a quarter of a megabyte. */
export function withShortTitles<Row extends readonly [unknown, ...unknown[]]>(
  rows: readonly Row[],
): readonly (readonly [string, ...Row])[] {
  return rows.map((row) => [shorten(row[0]), ...row] as const);
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return text.length > 60 ? `${text.slice(0, 50)}… (${text.length} characters)` : text;
}
