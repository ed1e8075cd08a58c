import Handlebars from 'handlebars';
import { asRecord } from './as-record.ts';
import { formatHelpers, type HelperUse, RenderCall } from './format-helpers.ts';
import { localeChain } from './pick-locale.ts';
import { RenderError } from './rendered.ts';
import type { TemplateFault } from './template-fault.ts';
import type { SharedSource, SourceFile } from './template-source.ts';

/** One compiled part: data in, text out. Throws `PartError`. */
export type CompiledPart = (data: Readonly<Record<string, unknown>>, privateData: PrivateData) => string;

/** What templates see as `@brand`, `@recipient`, `@locale`; `@call` is for the helpers. */
export interface PrivateData {
  readonly brand: Readonly<Record<string, string>>;
  readonly recipient: { readonly name?: string };
  readonly locale: string;
  readonly call: RenderCall;
}

export type PartKind = 'html' | 'text';

/** A part could not be rendered; says where in the template. */
export class PartError extends RenderError {
  readonly fault: TemplateFault;

  constructor(fault: TemplateFault, cause: unknown) {
    super(fault.detail, { cause });
    this.fault = fault;
  }
}

/**
 * Compiles parts once, from repository text only: strict (a missing field throws), known helpers only, HTML
 * escaped, nothing reachable through a prototype (CVE-2026-33916, -33937, -106446: never an AST, never text of
 * an event). One Handlebars of its own per kind and locale, so that `{{> footer}}` is the right one.
 */
export class PartCompiler {
  readonly #shared: SharedSource;
  readonly #environments = new Map<string, typeof Handlebars>();

  constructor(shared: SharedSource) {
    this.#shared = shared;
  }

  /** The compiled part, or its faults with file and line. */
  compilePart(part: SourceFile, kind: PartKind, locale: string): CompiledPart | readonly TemplateFault[] {
    const faults = checkSource(part, kind);
    if (faults.length > 0) return faults;
    const template = this.#openEnvironment(kind, locale).compile(part.source, compileOptions(kind));
    const places = [part, ...this.#shared.partials.filter((partial) => partial.kind === kind)];
    return (data, privateData) => {
      try {
        return template(data, { data: privateData, ...noPrototypes });
      } catch (error) {
        throw new PartError(placeError(error, places), error);
      }
    };
  }

  /** Faults of the shared partials themselves. */
  checkPartials(): readonly TemplateFault[] {
    return this.#shared.partials.flatMap((partial) => checkSource(partial, partial.kind));
  }

  #openEnvironment(kind: PartKind, locale: string): typeof Handlebars {
    const key = `${kind}:${locale}`;
    const known = this.#environments.get(key);
    if (known !== undefined) return known;
    const environment = Handlebars.create();
    for (const [name, helper] of Object.entries(formatHelpers)) {
      environment.registerHelper(name, toHandlebarsHelper(name, helper));
    }
    const locales = [undefined, ...localeChain(locale).toReversed()];
    for (const wanted of locales) {
      for (const partial of this.#shared.partials) {
        if (partial.kind !== kind || partial.locale !== wanted) continue;
        // The line end that ends a file would be a space before the comma in `{{> link …}}, and`.
        const source = kind === 'html' ? partial.source.trimEnd() : partial.source;
        environment.registerPartial(partial.name, environment.compile(source, compileOptions(kind)));
      }
    }
    this.#environments.set(key, environment);
    return environment;
  }
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

/** A helper failed; keeps the line of the template that used it. */
class HelperError extends RenderError {
  readonly helper: string;
  readonly line: number | undefined;

  constructor(helper: string, line: number | undefined, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.helper = helper;
    this.line = line;
  }
}

function toHandlebarsHelper(name: string, helper: (use: HelperUse) => string): Handlebars.HelperDelegate {
  return function useHelper(this: unknown, ...input: unknown[]): string {
    const options = asRecord(input.at(-1));
    const call = asRecord(options['data'])['call'];
    if (!(call instanceof RenderCall)) throw new RenderError(`{{${name}}} was used outside a message`);
    try {
      return helper({
        values: input.slice(0, -1),
        options: asRecord(options['hash']),
        scope: asRecord(this),
        call,
      });
    } catch (error) {
      throw new HelperError(name, readLine(options['loc']), error);
    }
  };
}

function checkSource(part: SourceFile, kind: PartKind): readonly TemplateFault[] {
  if (typeof part.source !== 'string') return [{ file: part.file, detail: 'is not text' }];
  try {
    const program = Handlebars.parse(part.source, { srcName: part.file });
    // The parser accepts unknown helpers; only generating the code finds them.
    Handlebars.precompile(part.source, compileOptions(kind));
    return kind === 'html' ? findRawOutput(program, part.file) : [];
  } catch (error) {
    return [placeError(error, [part])];
  }
}

function findRawOutput(program: hbs.AST.Program, file: string): readonly TemplateFault[] {
  const faults: TemplateFault[] = [];
  class RawOutputFinder extends Handlebars.Visitor {
    override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
      if (!mustache.escaped) {
        const detail = 'puts unescaped text into HTML: use {{…}}, not {{{…}}} or {{&…}}';
        faults.push({ file, line: mustache.loc.start.line, detail });
      }
      super.MustacheStatement(mustache);
    }
  }
  new RawOutputFinder().accept(program);
  return faults;
}

/**
 * Handlebars tells the line but not the file when a shared partial is at fault, so the place is the first
 * source that has the offending word on that line; the template itself is looked at first.
 */
function placeError(error: unknown, places: readonly SourceFile[]): TemplateFault {
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
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof HelperError) {
    return { message: `{{${error.helper}}}: ${message}`, line: error.line, word: error.helper };
  }
  const missing = /^"([^"]+)" not defined in /.exec(message)?.[1];
  if (missing !== undefined) {
    return {
      message: `{{${missing}}} is not there; guard an optional field with {{#if ${missing}}}`,
      line: readNumber(asRecord(error)['lineNumber']),
      word: missing,
    };
  }
  const parseLine = /^Parse error on line (\d+)/.exec(message)?.[1];
  const line = parseLine === undefined ? readNumber(asRecord(error)['lineNumber']) : Number(parseLine);
  return { message: message.replaceAll(/\s*\n\s*/g, ' '), line, word: '' };
}

function readLine(loc: unknown): number | undefined {
  return readNumber(asRecord(asRecord(loc)['start'])['line']);
}

function readNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
