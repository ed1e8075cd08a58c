import { type Document, isNode, LineCounter, parseDocument as parseYaml } from 'yaml';
import type { z } from 'zod';
import type { TemplateFault } from './template-fault.ts';

/** A YAML or JSON file as a value that still knows its lines. */
export interface ParsedDocument {
  readonly file: string;
  readonly value: unknown;
  /** The line (from 1) of what is at `path`, or of the nearest thing above it. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** Parses YAML, or strict JSON when the name ends in `.json`. A fault names its line. */
export function parseDocument(file: string, text: string): ParsedDocument | TemplateFault {
  const counter = new LineCounter();
  const document = parseYaml(text, { lineCounter: counter, uniqueKeys: true });
  const error = document.errors[0];
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1;
    return { file, line, detail: `cannot be read: ${error.message.split('\n')[0] ?? ''}` };
  }
  if (file.endsWith('.json') && !isStrictJson(text)) {
    return {
      file,
      line: 1,
      detail: 'is not strict JSON: use double quotes, no comments and no trailing commas',
    };
  }
  return { file, value: document.toJS(), lineOf: (path) => findLine(document, counter, path) };
}

export function isTemplateFault(value: ParsedDocument | TemplateFault): value is TemplateFault {
  return 'detail' in value;
}

/** Parses the value of a document with a zod schema; every issue becomes a fault with its line and repair. */
export function parseWith<T>(
  document: ParsedDocument,
  schema: z.ZodType<T>,
): { readonly value: T } | { readonly faults: readonly TemplateFault[] } {
  const result = schema.safeParse(document.value);
  if (result.success) return { value: result.data };
  return { faults: result.error.issues.flatMap((issue) => toFaults(document, issue)) };
}

function toFaults(document: ParsedDocument, issue: z.core.$ZodIssue): readonly TemplateFault[] {
  if (issue.code !== 'unrecognized_keys') {
    const place = issue.path.length === 0 ? 'the file' : issue.path.join('.');
    return [{ file: document.file, line: document.lineOf(issue.path), detail: `${place}: ${issue.message}` }];
  }
  return issue.keys.map((key) => {
    const path = [...issue.path, key];
    return {
      file: document.file,
      line: document.lineOf(path),
      detail: `${path.join('.')}: this key is not known; remove it or mend its spelling`,
    };
  });
}

function findLine(document: Document, counter: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return counter.linePos(node.range[0]).line;
  }
  return 1;
}

function isStrictJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
