import Handlebars from 'handlebars';
import { asRecord } from './as-record.ts';
import { RenderError } from './rendered.ts';
import type { TemplateFault } from './template-fault.ts';
import type { SourceFile } from './template-source.ts';

/** A helper failed; keeps the line of the template that used it. */
export class HelperError extends RenderError {
  readonly helper: string;
  readonly line: number | undefined;

  /** `loc` is where the helper was used, as Handlebars tells it. */
  constructor(helper: string, loc: unknown, cause: unknown) {
    super(cause instanceof RenderError ? cause.message : describeForeign(cause), { cause });
    this.helper = helper;
    this.line = readNumber(asRecord(asRecord(loc)['start'])['line']);
  }
}

/**
 * Where in the templates an error comes from, in words that hold no data of the event. Handlebars tells the line but not
 * the file when a shared partial is at fault, so the place is the first source that has the offending word on that line;
 * the template itself is looked at first.
 */
export function placeError(error: unknown, places: readonly SourceFile[]): TemplateFault {
  const { message, line, word } = readError(error);
  const holds = ({ source }: SourceFile) =>
    line !== undefined && (source.split('\n')[line - 1] ?? '').includes(word);
  const place = places.find(holds) ?? places[0];
  return { file: place?.file ?? '', ...(line === undefined ? {} : { line }), detail: message };
}

function readError(error: unknown): {
  readonly message: string;
  readonly line: number | undefined;
  readonly word: string;
} {
  const message = error instanceof Error ? error.message : '';
  if (error instanceof HelperError) {
    return { message: `{{${error.helper}}}: ${message}`, line: error.line, word: error.helper };
  }
  const line = readNumber(asRecord(error)['lineNumber']);
  const missing = /^"([^"]+)" not defined in /.exec(message)?.[1];
  if (missing !== undefined) {
    const guard = `{{${missing}}} is not there; guard an optional field with {{#if ${missing}}}`;
    return { message: guard, line, word: missing };
  }
  const parseLine = /^Parse error on line (\d+)/.exec(message)?.[1];
  const isOfTemplate = parseLine !== undefined || error instanceof Handlebars.Exception;
  return {
    message: isOfTemplate ? message.replaceAll(/\s*\n\s*/g, ' ') : describeForeign(error),
    line: parseLine === undefined ? line : Number(parseLine),
    word: '',
  };
}

/** The runtime's own errors quote values. */
function describeForeign(error: unknown): string {
  return `a value of the data cannot be printed (${error instanceof Error ? error.name : 'unknown'})`;
}

function readNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
