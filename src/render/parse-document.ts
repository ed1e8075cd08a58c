import { isNode, LineCounter, parseDocument as parseYaml } from 'yaml';
import type { z } from 'zod';
import { InvalidTemplatesError } from './template-error.ts';

export interface SourceFile {
  readonly file: string;
  readonly source: string;
}

/** A YAML or JSON file as a value that still knows its lines. */
export interface ParsedDocument<T> {
  readonly file: string;
  readonly value: T;
  /** The line (from 1) of what is at `path`, or of the nearest thing above it. */
  readonly lineOf: (path: readonly PropertyKey[]) => number;
}

/**
 * The YAML of a file, or strict JSON when its name ends in `.json`, parsed with a schema. Throws
 * `InvalidTemplatesError` with every issue, each with its line and repair.
 */
export function parseDocument<T>({ file, source }: SourceFile, schema: z.ZodType<T>): ParsedDocument<T> {
  const counter = new LineCounter();
  const document = parseYaml(source, { lineCounter: counter, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1;
    const detail = `cannot be read: ${error.message.split('\n')[0] ?? ''}`;
    throw new InvalidTemplatesError([{ file, line, detail }]);
  }
  if (file.endsWith('.json') && !isStrictJson(source)) {
    const detail = 'is not strict JSON: use double quotes, no comments and no trailing commas';
    throw new InvalidTemplatesError([{ file, line: 1, detail }]);
  }
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return counter.linePos(node.range[0]).line;
    }
    return 1;
  };
  const result = schema.safeParse(document.toJS());
  if (result.success) return { file, value: result.data, lineOf };
  const errors = result.error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      const place = issue.path.length === 0 ? 'the file' : issue.path.join('.');
      return [{ file, line: lineOf(issue.path), detail: `${place}: ${issue.message}` }];
    }
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const detail = `${path.join('.')}: this key is not known; remove it or correct its spelling`;
      return { file, line: lineOf(path), detail };
    });
  });
  throw new InvalidTemplatesError(errors);
}

function isStrictJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
