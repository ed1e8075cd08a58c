import { addressFields } from '../domain/channel.ts';
import { suppressionEntry } from '../operator/suppressions.ts';

export interface SuppressionLine {
  readonly line: number;
  readonly entry: Readonly<Record<string, unknown>>;
}

interface LineFault {
  readonly line: number;
  readonly detail: string;
}

/**
 * The entries of a file: `address[,channel[,reason]]` or one JSON object a line. Blank lines and lines that begin with
 * `#` are passed over. A first line of column names (`email,channel`, `address,reason,at`) says what stands in which
 * column; columns that we do not know are left out. An entry without a reason of its own takes `reason`. What the service
 * would refuse is an error of its own line, so that it never spoils the others.
 */
export function parseSuppressions(
  text: string,
  reason: string,
): { entries: SuppressionLine[]; faults: LineFault[] } {
  const entries: SuppressionLine[] = [];
  const faults: LineFault[] = [];
  let columns: readonly (Field | undefined)[] = ['address', 'channel', 'reason'];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const words = raw.trim();
    const line = index + 1;
    if (words === '' || words.startsWith('#')) continue;
    const heading = line === 1 ? readHeading(words) : undefined;
    if (heading !== undefined) {
      columns = heading;
      continue;
    }
    const entry = words.startsWith('{') ? parseJsonLine(words) : parseCells(words, columns);
    if (entry === undefined) {
      faults.push({ line, detail: 'is neither address[,channel[,reason]] nor a JSON object' });
      continue;
    }
    const whole = { reason, source: 'import', ...entry };
    const detail = findFault(whole);
    if (detail === undefined) entries.push({ line, entry: whole });
    else faults.push({ line, detail });
  }
  return { entries, faults };
}

const entryFields = ['address', 'hash', 'masked', 'channel', 'reason', 'source', 'at'] as const;
type Field = (typeof entryFields)[number];
/** Others, such as `by` of an export, are left out. */
const fields: readonly string[] = entryFields;

/** What exports call their columns. */
const columnNames: Readonly<Record<string, Field>> = {
  ...Object.fromEntries(addressFields.map((field) => [field, 'address' as const])),
  'e-mail': 'address',
  email_address: 'address',
  phone_number: 'address',
  number: 'address',
  recipient: 'address',
  ...Object.fromEntries(entryFields.map((field) => [field, field])),
};

/** The columns, when the line names them: one of them holds the address (or its hash), and no cell is one. */
function readHeading(words: string): readonly (Field | undefined)[] | undefined {
  const cells = splitCells(words).map((cell) => cell.toLowerCase().replaceAll(' ', '_'));
  const columns = cells.map((cell) => (Object.hasOwn(columnNames, cell) ? columnNames[cell] : undefined));
  const isHeading = columns.includes('address') || columns.includes('hash');
  return isHeading && !cells.includes('') && !/[@+]/.test(words) ? columns : undefined;
}

function parseJsonLine(words: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: object = JSON.parse(words);
    return dropAbsent(Object.entries(parsed).filter(([name]) => fields.includes(name)));
  } catch {
    return undefined;
  }
}

/** A comma in a reason need not be quoted: where it is the last column, it holds the rest of the line. */
function parseCells(
  words: string,
  columns: readonly (Field | undefined)[],
): Readonly<Record<string, unknown>> | undefined {
  const cells = splitCells(words);
  const last = columns.length - 1;
  const texts = columns.map((_field, index) =>
    index === last ? cells.slice(index).join(', ') : (cells[index] ?? ''),
  );
  const entry = dropAbsent(
    columns.flatMap((field, index) => (field === undefined ? [] : [[field, texts[index] ?? ''] as const])),
  );
  return 'address' in entry || 'hash' in entry ? entry : undefined;
}

/** Cells of a line of CSV (RFC 4180), trimmed; a doubled quote in quotes is one. */
function splitCells(words: string): string[] {
  const cells = words.match(/(?:"(?:[^"]|"")*"|[^,"]|")+|(?<=,|^)(?=,|$)/g) ?? [];
  return cells.map((cell) => {
    const text = cell.trim();
    return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
  });
}

function dropAbsent(pairs: readonly (readonly [string, unknown])[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairs.filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );
}

/** What the service would say of this entry. */
function findFault(entry: Readonly<Record<string, unknown>>): string | undefined {
  const [issue] = suppressionEntry.safeParse(entry).error?.issues ?? [];
  if (issue === undefined) return undefined;
  return `${issue.path.join('.')}: ${issue.message}`;
}
