/** Where a command writes. Results go to `stdout`, everything else to `stderr`. */
export interface Print {
  readonly isJson: boolean;
  /** The result: as JSON with `--json`, else in the words of `describe`. */
  show(value: unknown, describe: () => void): void;
  /** One line of the result, for people; silent with `--json`. */
  say(line: string): void;
  /** Text that is the result itself (a completion script, an exported file), with or without `--json`. */
  raw(text: string): void;
  /** A line beside the result: progress, a warning, a repair. */
  note(line: string): void;
  table(headers: readonly string[], rows: readonly (readonly string[])[]): void;
  paint(tone: Tone, text: string): string;
}

export type Tone = 'good' | 'bad' | 'odd' | 'dim' | 'bold';

export interface PrintOptions {
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly isJson: boolean;
  readonly isColoured: boolean;
}

/** Prints for a person or for a program. What comes from outside cannot move the cursor or change colours. */
export function createPrint(options: PrintOptions): Print {
  const { writeOut, writeError, isJson, isColoured } = options;
  const say = (line: string): void => {
    if (!isJson) writeOut(`${line}\n`);
  };
  return {
    isJson,
    show: (value, describe) => {
      if (isJson) writeOut(`${JSON.stringify(value, undefined, 2)}\n`);
      else describe();
    },
    say,
    raw: writeOut,
    note: (line) => writeError(`${line}\n`),
    table: (headers, rows) => {
      const painted = formatTable(headers, rows);
      painted.forEach((line, index) => say(index === 0 && isColoured ? paint('dim', line) : line));
    },
    paint: (tone, text) => (isColoured ? paint(tone, text) : text),
  };
}

/** Text of unknown origin on one line, without control characters. */
export function toCellText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
}

/** Columns as wide as their widest cell; the last one is free. */
export function formatTable(headers: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [headers, ...rows].map((cells) => cells.map(toCellText));
  const widths = headers.map((_header, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  return lines.map((cells) =>
    cells
      .map((cell, column) => (column === headers.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

const tones: Readonly<Record<Tone, string>> = { good: '32', bad: '1;31', odd: '33', dim: '2', bold: '1' };

function paint(tone: Tone, text: string): string {
  return `\u001b[${tones[tone]}m${text}\u001b[0m`;
}
