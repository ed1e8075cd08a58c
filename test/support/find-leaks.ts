/** Values that no log, metric or response may hold, each with how short a part of it is already too much. */
export interface Seed {
  readonly what: string;
  readonly value: string;
  /** Any run of so many characters counts as the value. */
  readonly partMin: number;
}

export interface Leak {
  readonly where: string;
  readonly what: string;
  readonly found: string;
}

/** Where a seed occurs in a text: plain, URL-encoded, escaped, in hexadecimal digits or base64, whole or in part. */
export function findLeaks(where: string, text: string, seeds: readonly Seed[]): readonly Leak[] {
  const readings = [
    text,
    decodeUri(text),
    ...decodeRuns(text, /[\w+/-]{8,}={0,2}/g, 'base64'),
    ...decodeRuns(text, /[0-9a-f]{16,}/gi, 'hex'),
  ];
  return seeds.flatMap(({ what, value, partMin }) => {
    const parts = listParts(value, partMin);
    const found = parts.find((part) => readings.some((reading) => reading.includes(part)));
    return found === undefined ? [] : [{ where, what, found }];
  });
}

function listParts(value: string, length: number): readonly string[] {
  const last = Math.max(value.length - length, 0);
  return Array.from({ length: last + 1 }, (_, at) => value.slice(at, at + length));
}

function decodeUri(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

/** The text decoded wherever it looks encoded, from any of its first characters. */
function decodeRuns(text: string, runs: RegExp, form: 'base64' | 'hex'): readonly string[] {
  const offsets = form === 'base64' ? [0, 1, 2, 3] : [0, 1];
  return (text.match(runs) ?? []).flatMap((run) =>
    offsets.map((from) => Buffer.from(run.slice(from), form).toString('utf8')),
  );
}
