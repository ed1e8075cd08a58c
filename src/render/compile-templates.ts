import Handlebars from 'handlebars';
import { formatHelpers, type HelperUse, type RenderCall } from './format-helpers.ts';
import type { SourceFile } from './parse-document.ts';
import { localeChain } from './pick-locale.ts';
import { readTemplate } from './read-template.ts';
import { RenderError } from './rendered.ts';
import type { SchemaReader } from './schema-reader.ts';
import { asRecord } from './schema-reader.ts';
import { InvalidTemplatesError, type TemplateError } from './template-error.ts';
import type { SharedPartial, SharedSource } from './template-source.ts';
import type { FieldUse } from './template-value.ts';

/** One compiled part. */
export interface CompiledPart {
  /** Data in, text out. Throws `PartError`. */
  readonly print: (data: Readonly<Record<string, unknown>>, privateData: PrivateData) => string;
  readonly uses: readonly FieldUse[];
}

/** What templates see as `@brand`, `@recipient`, `@locale` and so on; `@call` is for the helpers. */
export interface PrivateData {
  readonly brand: Readonly<Record<string, string>>;
  readonly recipient: { readonly name?: string };
  readonly locale: string;
  /** Which way the locale is written, and the sides where its lines start and end. */
  readonly direction: 'ltr' | 'rtl';
  readonly start: 'left' | 'right';
  readonly end: 'left' | 'right';
  readonly call: RenderCall;
}

export type PartKind = 'html' | 'text';

/** A part of a template, and what it is compiled as. */
export interface PartRequest {
  readonly part: SourceFile;
  readonly kind: PartKind;
  readonly locale: string;
  /** Of the data. */
  readonly schema: SchemaReader;
}

/** A part could not be rendered; says where in the template. */
export class PartError extends RenderError {
  readonly error: TemplateError;

  constructor(error: TemplateError, cause: unknown) {
    super(error.detail, { cause });
    this.error = error;
  }
}

/**
 * Compiles parts once, from repository text only: strict (a missing field throws), known helpers only, HTML
 * escaped, nothing reachable through a prototype (CVE-2026-33916, -33937, -106446: never an AST, never text of
 * an event). One Handlebars of its own per kind and locale, so that `{{> footer}}` is the right one.
 */
export class PartCompiler {
  readonly #shared: SharedSource;
  readonly #environments = new Map<string, Environment>();

  constructor(shared: SharedSource) {
    this.#shared = shared;
  }

  /** The compiled part. Throws `InvalidTemplatesError`. */
  compilePart({ part, kind, locale, schema }: PartRequest): CompiledPart {
    const errors = checkSource(part, kind);
    if (errors.length > 0) throw new InvalidTemplatesError(errors);
    const { handlebars, partials } = this.#openEnvironment(kind, locale);
    const template = handlebars.compile(part.source, compileOptions(kind));
    const places = [part, ...this.#shared.partials.filter((partial) => partial.kind === kind)];
    const brandNames = Object.keys(this.#shared.brand);
    const reading = readTemplate(parseSource(part), { schema, partials, brandNames });
    if (reading.errors.length > 0) throw new InvalidTemplatesError(reading.errors);
    return {
      uses: reading.uses,
      print: (data, privateData) => {
        try {
          return template(data, { data: privateData, ...noPrototypes });
        } catch (error) {
          throw new PartError(placeError(error, places), error);
        }
      },
    };
  }

  /** Errors of the shared partials themselves. */
  checkPartials(): readonly TemplateError[] {
    return this.#shared.partials.flatMap((partial) => checkSource(partial, partial.kind));
  }

  #openEnvironment(kind: PartKind, locale: string): Environment {
    const key = `${kind}:${locale}`;
    const known = this.#environments.get(key);
    if (known !== undefined) return known;
    const handlebars = Handlebars.create();
    for (const [name, helper] of Object.entries(formatHelpers)) {
      handlebars.registerHelper(name, toHandlebarsHelper(name, helper));
    }
    const programs = new Map<string, hbs.AST.Program>();
    for (const partial of listPartials(this.#shared, kind, locale)) {
      // The line end that ends a file would be a space before the comma in `{{> link …}}, and`.
      const source = kind === 'html' ? partial.source.trimEnd() : partial.source;
      handlebars.registerPartial(partial.name, handlebars.compile(source, compileOptions(kind)));
      // One with an error of its own is told by `checkPartials`.
      if (checkSource(partial, kind).length === 0) programs.set(partial.name, parseSource(partial));
    }
    const environment = { handlebars, partials: programs };
    this.#environments.set(key, environment);
    return environment;
  }
}

/** One Handlebars, and the partials that it knows, parsed. */
interface Environment {
  readonly handlebars: typeof Handlebars;
  readonly partials: ReadonlyMap<string, hbs.AST.Program>;
}

/** The partials for a locale; where several have one name, the one that counts comes last. */
function listPartials(shared: SharedSource, kind: PartKind, locale: string): readonly SharedPartial[] {
  const locales = [undefined, ...localeChain(locale).toReversed()];
  return locales.flatMap((wanted) =>
    shared.partials.filter((partial) => partial.kind === kind && partial.locale === wanted),
  );
}

function parseSource({ source, file }: SourceFile): hbs.AST.Program {
  return Handlebars.parse(source, { srcName: file });
}

const noPrototypes = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false } as const;

function compileOptions(kind: PartKind) {
  const knownHelpers = Object.fromEntries(Object.keys(formatHelpers).map((name) => [name, true]));
  return {
    strict: true,
    knownHelpersOnly: true,
    knownHelpers,
    preventIndent: true,
    noEscape: kind === 'text',
  };
}

/** The last argument of a helper's call. */
interface CallOptions {
  readonly hash: HelperUse['options'];
  readonly data: PrivateData;
  /** Where in the template. */
  readonly loc: hbs.AST.SourceLocation;
}

function toHandlebarsHelper(name: string, helper: (use: HelperUse) => string): Handlebars.HelperDelegate {
  return function useHelper(this: unknown, ...input: unknown[]): string {
    const { hash, data, loc } = input.at(-1) as CallOptions;
    try {
      return helper({ values: input.slice(0, -1), options: hash, scope: asRecord(this), call: data.call });
    } catch (error) {
      throw new HelperError(name, loc.start.line, error);
    }
  };
}

function checkSource(part: SourceFile, kind: PartKind): readonly TemplateError[] {
  if (typeof part.source !== 'string') return [{ file: part.file, detail: 'is not text' }];
  try {
    const program = parseSource(part);
    // The parser accepts unknown helpers; only generating the code finds them.
    Handlebars.precompile(part.source, compileOptions(kind));
    return kind === 'html' ? findRawOutput(program, part.file) : [];
  } catch (error) {
    return [placeError(error, [part])];
  }
}

function findRawOutput(program: hbs.AST.Program, file: string): readonly TemplateError[] {
  const errors: TemplateError[] = [];
  class RawOutputFinder extends Handlebars.Visitor {
    override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
      if (!mustache.escaped) {
        const detail = 'puts unescaped text into HTML: use {{…}}, not {{{…}}} or {{&…}}';
        errors.push({ file, line: mustache.loc.start.line, detail });
      }
      super.MustacheStatement(mustache);
    }
  }
  new RawOutputFinder().accept(program);
  return errors;
}

/** A helper failed; keeps the line of the template that used it. */
class HelperError extends RenderError {
  readonly helper: string;
  readonly line: number;

  constructor(helper: string, line: number, cause: unknown) {
    super(cause instanceof RenderError ? cause.message : describeForeign(cause), { cause });
    this.helper = helper;
    this.line = line;
  }
}

/**
 * Where in the templates an error comes from, in a message that holds no data of the event. Handlebars tells the line but not
 * the file when a shared partial is at fault, so the place is the first source that has the offending name on that line;
 * the template itself is looked at first.
 */
function placeError(error: unknown, places: readonly SourceFile[]): TemplateError {
  const { message, line, name } = describeCause(error);
  const holds = ({ source }: SourceFile) =>
    line !== undefined && (source.split('\n')[line - 1] ?? '').includes(name);
  const place = places.find(holds) ?? places[0];
  return { file: place?.file ?? '', ...(line === undefined ? {} : { line }), detail: message };
}

function describeCause(error: unknown): { message: string; line: number | undefined; name: string } {
  const message = error instanceof Error ? error.message : '';
  if (error instanceof HelperError) {
    return { message: `{{${error.helper}}}: ${message}`, line: error.line, name: error.helper };
  }
  const { lineNumber } = asRecord(error);
  const line = typeof lineNumber === 'number' ? lineNumber : undefined;
  const missing = /^"([^"]+)" not defined in /.exec(message)?.[1];
  if (missing !== undefined) {
    const guard = `{{${missing}}} is not there; guard an optional field with {{#if ${missing}}}`;
    return { message: guard, line, name: missing };
  }
  const parseLine = /^Parse error on line (\d+)/.exec(message)?.[1];
  const isOfTemplate = parseLine !== undefined || error instanceof Handlebars.Exception;
  return {
    message: isOfTemplate ? message.replaceAll(/\s*\n\s*/g, ' ') : describeForeign(error),
    line: parseLine === undefined ? line : Number(parseLine),
    name: '',
  };
}

/** The runtime's own errors quote values. */
function describeForeign(error: unknown): string {
  return `a value of the data cannot be printed (${error instanceof Error ? error.name : 'unknown'})`;
}
