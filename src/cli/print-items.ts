import type { ListPage } from './answers.ts';
import { formatInstant } from './describe-flags.ts';
import type { Print } from './print.ts';

/** A heading and the field below it. */
export type Column = readonly [heading: string, field: string];

/**
 * The items of a page as a table, what is counted above it, and how to go on below it. `fits`: what was asked for (`type
 * welcome`), when not all was; the counts are of everything even then, and the words must say so.
 */
export function printPage(print: Print, page: ListPage, columns: readonly Column[], fits = ''): void {
  const counts = Object.entries(page.counts ?? {})
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  if (counts !== '') print.say(`${fits === '' ? '' : 'in all: '}${counts}\n`);
  if (page.items.length === 0) print.say(fits === '' ? 'none' : `none of ${fits}`);
  else printItems(print, page.items, columns);
  const unreadable = page.unreadable ?? [];
  if (unreadable.length > 0)
    print.say(`\nThis program cannot read ${unreadable.length} more: ${unreadable.join(' ')}`);
  if (typeof page.next_cursor === 'string') print.say(`\nThere are more: --cursor ${page.next_cursor}`);
}

/** Columns that no item fills are left out. */
export function printItems(
  print: Print,
  items: readonly Readonly<Record<string, unknown>>[],
  columns: readonly Column[],
): void {
  const used = columns.filter(([, field]) => items.some((item) => toCell(item[field]) !== ''));
  print.table(
    used.map(([heading]) => heading),
    items.map((item) => used.map(([, field]) => toCell(item[field]))),
  );
}

/** A record as `name  value` lines, what lies deeper indented. */
export function printRecord(print: Print, record: Readonly<Record<string, unknown>>, indent = ''): void {
  const width = Math.max(0, ...Object.keys(record).map((name) => name.length));
  for (const [name, value] of Object.entries(record)) {
    if (isRecord(value) && Object.keys(value).length > 0) {
      print.say(`${indent}${name}`);
      printRecord(print, value, `${indent}  `);
    } else if (Array.isArray(value) && value.some(isRecord)) {
      print.say(`${indent}${name}`);
      for (const item of value) print.say(`${indent}  ${isRecord(item) ? toLine(item) : toCell(item)}`);
    } else {
      print.say(`${indent}${name.padEnd(width)}  ${toCell(value)}`.trimEnd());
    }
  }
}

/** A value in one cell; instants in the one form that all of `acc` has. */
function toCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string')
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? formatInstant(value) : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

function toLine(item: Readonly<Record<string, unknown>>): string {
  return Object.entries(item)
    .map(([name, value]) => (name === 'at' ? toCell(value) : `${name}=${toCell(value)}`))
    .join('  ');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
