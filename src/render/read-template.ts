import Handlebars from 'handlebars';
import { isFormatHelper } from './format-helpers.ts';
import { isPath, isSubExpression, isText, listPairs, PathReader, type TemplateScope } from './read-paths.ts';
import type { SchemaReader } from './schema-reader.ts';
import type { TemplateError } from './template-error.ts';
import { type FieldUse, joinUses, printed, toKey, type Value } from './template-value.ts';

/** What a part is read against. */
export interface ReadingOptions {
  readonly schema: SchemaReader;
  /** The shared partials of the part's kind and locale, parsed. */
  readonly partials: ReadonlyMap<string, hbs.AST.Program>;
  readonly brandNames: readonly string[];
}

/**
 * Follows every path that a part reads (printed, in arguments of helpers, blocks and partials, in the partials
 * themselves, under `each`, `with` and `@root`) and holds it against the schema of the data: what no good data has is a
 * error with file, line, column and the nearest name, and so is an optional field without a guard.
 */
export function readTemplate(
  program: hbs.AST.Program,
  options: ReadingOptions,
): { readonly errors: readonly TemplateError[]; readonly uses: readonly FieldUse[] } {
  const paths = new PathReader(options.schema, options.brandNames);
  new StatementReader(paths, options.partials).readPart(program);
  return { errors: paths.errors, uses: joinUses(paths.uses) };
}

/** A piece of a template that a partial may call: an inline partial, or the content between `{{#> x}}` and `{{/x}}`. */
interface Block {
  readonly program: hbs.AST.Program;
  readonly params: TemplateScope['params'];
  /** Its own `{{> @partial-block}}`. */
  readonly block: Block | undefined;
}

interface Place {
  readonly scope: TemplateScope;
  readonly inlines: ReadonlyMap<string, Block>;
  readonly block: Block | undefined;
  /** How many partials deep. */
  readonly depth: number;
}

type PartialCall = hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement;

const depthMax = 20;

class StatementReader extends Handlebars.Visitor {
  readonly #paths: PathReader;
  readonly #partials: ReadingOptions['partials'];
  #place: Place;

  constructor(paths: PathReader, partials: ReadingOptions['partials']) {
    super();
    this.#paths = paths;
    this.#partials = partials;
    const data: Value = { kind: 'field', path: [], schema: paths.schema.root, isPresent: true };
    const scope: TemplateScope = { value: data, params: new Map(), present: new Set(), inLoop: false };
    this.#place = { scope, inlines: new Map(), block: undefined, depth: 0 };
  }

  readPart(program: hbs.AST.Program): void {
    this.#read({ ...this.#place, inlines: this.#addInlines(program, undefined) }, program);
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    const { path, params } = node;
    const { scope } = this.#place;
    if (!isPath(path)) return this.#paths.note(node, 'prints a literal: write a name, without quotes');
    if (path.original === 'lookup')
      return this.#paths.addUse(this.#paths.call(node, 'lookup', scope), 'text');
    if (isFormatHelper(path.original) || params.length > 0) this.#paths.call(node, path.original, scope);
    else this.#paths.print(path, scope);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    const [subject] = node.params;
    const value = subject === undefined ? undefined : this.#paths.evaluate(subject, this.#place.scope);
    const guarded = this.#guard(value);
    switch (node.path.original) {
      case 'if':
        return this.#readBoth(node, { program: guarded });
      case 'unless':
        return this.#readBoth(node, { inverse: guarded });
      case 'with':
        return this.#readBoth(node, { program: enter(guarded, value ?? printed, node) });
      case 'each':
        return this.#readBoth(node, { program: this.#enterItem(guarded, value, node) });
      default:
        this.#paths.note(node, `{{#${node.path.original}}} is no block: use #if, #unless, #each or #with`);
    }
  }

  override PartialStatement(node: hbs.AST.PartialStatement): void {
    this.#readPartial(node, undefined);
  }

  override PartialBlockStatement(node: hbs.AST.PartialBlockStatement): void {
    this.#readPartial(node, node.program);
  }

  /** An inline partial is read where it is called. */
  override DecoratorBlock(): void {}

  #read(place: Place, program: hbs.AST.Program | undefined): void {
    if (program === undefined) return;
    const before = this.#place;
    this.#place = place;
    this.accept(program);
    this.#place = before;
  }

  #readBoth(
    node: hbs.AST.BlockStatement,
    scopes: { readonly program?: TemplateScope; readonly inverse?: TemplateScope },
  ): void {
    const { scope } = this.#place;
    this.#read({ ...this.#place, scope: scopes.program ?? scope }, node.program);
    this.#read({ ...this.#place, scope: scopes.inverse ?? scope }, node.inverse);
  }

  /** The scope in which `value` is known to be there. */
  #guard(value: Value | undefined): TemplateScope {
    const { scope } = this.#place;
    if (value?.kind !== 'field') return scope;
    return { ...scope, present: new Set([...scope.present, toKey(value.path)]) };
  }

  #enterItem(scope: TemplateScope, list: Value | undefined, node: hbs.AST.BlockStatement): TemplateScope {
    if (list?.kind !== 'field') return { ...enter(scope, printed, node), inLoop: true };
    const schema = this.#paths.schema.findItem(list.schema);
    if (schema === undefined)
      this.#paths.note(node, `${list.path.join('.')} is no list for #each to go through`);
    const item: Value = { kind: 'field', path: [...list.path, '*'], schema: schema ?? {}, isPresent: true };
    return { ...enter(scope, item, node), inLoop: true };
  }

  #readPartial(node: PartialCall, program: hbs.AST.Program | undefined): void {
    const { name } = node;
    if (isSubExpression(name))
      return this.#paths.note(node, 'calls a partial by a name that cannot be known');
    if (this.#place.depth > depthMax) return this.#paths.note(node, `{{> ${name.original}}} calls itself`);
    const given = this.#readArguments(node);
    const called = this.#findPartial(name.original);
    if (called === undefined) {
      const names = [...this.#place.inlines.keys(), ...this.#partials.keys()];
      const what = `there is no partial {{> ${name.original}}}`;
      return this.#paths.noteMissing(node, { wrong: name.original, what, names });
    }
    const { scope, depth } = this.#place;
    const call = `{{> ${name.original}}} in ${node.loc.source}:${node.loc.start.line}`;
    const { value, present, inLoop } = { ...scope, value: given };
    const block = program && { program, params: scope.params, block: this.#place.block };
    this.#read(
      {
        scope: { value, present, inLoop, params: called.params, ...(called.isFile ? { call } : {}) },
        inlines: this.#addInlines(program, block),
        block: called.isFile ? block : called.block,
        depth: depth + 1,
      },
      called.program,
    );
    this.#noteUnusedArguments(node, given);
  }

  #findPartial(name: string): (Block & { readonly isFile: boolean }) | undefined {
    const { block, inlines } = this.#place;
    const piece = name === '@partial-block' ? block : inlines.get(name);
    if (piece !== undefined) return { ...piece, isFile: false };
    const program = this.#partials.get(name);
    return program && { program, params: new Map(), block: undefined, isFile: true };
  }

  /** What the partial looks at: what we look at, or what it is handed, under the arguments of its call. */
  #readArguments(node: PartialCall): Value {
    const { scope } = this.#place;
    const [context] = node.params;
    const base = context === undefined ? scope.value : this.#paths.evaluate(context, scope);
    if (context !== undefined) this.#paths.assertPresent(base, context, 'this');
    const pairs = listPairs(node.hash);
    if (pairs.length === 0) return base ?? printed;
    const given = new Map(
      pairs.map(({ key, value }) => [key, this.#paths.evaluate(value, scope) ?? printed]),
    );
    return { kind: 'arguments', base: base ?? printed, given, lookedUp: new Set() };
  }

  #noteUnusedArguments(node: PartialCall, value: Value): void {
    if (value.kind !== 'arguments') return;
    for (const pair of listPairs(node.hash)) {
      if (value.lookedUp.has(pair.key)) continue;
      const what = `${pair.key}= is no argument of this partial`;
      this.#paths.noteMissing(pair, { wrong: pair.key, what, names: [...value.lookedUp] });
    }
  }

  /** With the inline partials (`{{#*inline "name"}}`) that a piece of a template defines. */
  #addInlines(program: hbs.AST.Program | undefined, block: Block | undefined): ReadonlyMap<string, Block> {
    const { scope, inlines } = this.#place;
    const found = (program?.body ?? []).filter(
      (node) => node.type === 'DecoratorBlock',
    ) as hbs.AST.DecoratorBlock[];
    return new Map([
      ...inlines,
      ...found.flatMap(({ params: [name], program: inline }) =>
        isText(name) ? [[name.value, { program: inline, params: scope.params, block }] as const] : [],
      ),
    ]);
  }
}

/** The scope inside `#with` and `#each`. */
function enter(scope: TemplateScope, value: Value, node: hbs.AST.BlockStatement): TemplateScope {
  const entered: Value = value.kind === 'field' ? { ...value, isPresent: true } : value;
  // The parser leaves the block parameters out when there are none.
  const names: readonly string[] = node.program.blockParams ?? [];
  const params = new Map(scope.params);
  for (const [index, name] of names.entries()) params.set(name, index === 0 ? entered : printed);
  return { ...scope, value: entered, outer: scope, params };
}
