import { z } from 'zod';

export interface SuppressionLine {
  readonly line: number;
  readonly entry: Readonly<Record<string, unknown>>;
}

const entrySchema = z.object({
  address: z.string().optional(),
  hash: z.string().optional(),
  masked: z.string().optional(),
  channel: z.string().optional(),
  reason: z.string().optional(),
  source: z.string().optional(),
  at: z.string().optional(),
});

/**
 * The entries of a file: `address[,channel[,reason]]` or one JSON object a line. Blank lines, lines that begin with
 * `#` and a heading `address,…` are passed over. An entry without a reason of its own takes `reason`.
 */
export function parseSuppressions(
  text: string,
  reason: string,
): { entries: SuppressionLine[]; faults: { line: number; detail: string }[] } {
  const entries: SuppressionLine[] = [];
  const faults: { line: number; detail: string }[] = [];
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((raw, index) => {
      const words = raw.trim();
      const line = index + 1;
      if (words === '' || words.startsWith('#') || (line === 1 && /^address\b/i.test(words))) return;
      const entry = words.startsWith('{') ? parseJsonLine(words) : parseCells(words);
      if (entry === undefined)
        faults.push({ line, detail: 'is neither address[,channel[,reason]] nor a JSON object' });
      else entries.push({ line, entry: { reason, source: 'import', ...entry } });
    });
  return { entries, faults };
}

function parseJsonLine(words: string): Record<string, string> | undefined {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(words));
    return parsed.success ? dropAbsent(parsed.data) : undefined;
  } catch {
    return undefined;
  }
}

function parseCells(words: string): Record<string, string> | undefined {
  const [address = '', channel = '', ...rest] = words
    .split(',')
    .map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  return address === '' ? undefined : dropAbsent({ address, channel, reason: rest.join(', ') });
}

function dropAbsent(entry: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entry).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== ''),
  );
}
