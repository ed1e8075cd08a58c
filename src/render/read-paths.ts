import { findNearest } from '../domain/find-nearest.ts';
import type { SchemaReader } from './schema-reader.ts';
import type { TemplateError } from './template-error.ts';
import {
  type FieldUse,
  findMember,
  listMembers,
  printed,
  recipientName,
  toKey,
  type Value,
} from './template-value.ts';

/** What `{{this}}` is, and what is known around it. */
export interface TemplateScope {
  readonly value: Value;
  readonly outer?: TemplateScope;
  /** Block parameters (`as |item|`). */
  readonly params: ReadonlyMap<string, Value>;
  /** Fields that a guard around says are there. */
  readonly present: ReadonlySet<string>;
  readonly inLoop: boolean;
  /** Where the partial was called that is being read. */
  readonly call?: string;
}

/** A helper, used as a statement or as an argument. */
export type HelperCall = hbs.AST.MustacheStatement | hbs.AST.SubExpression;

const loopNames = ['index', 'key', 'first', 'last'];
/** JSON types of the first argument, where a helper refuses others. Dates and amounts are judged by their value. */
const argumentTypes: Readonly<Record<string, readonly string[]>> = {
  plural: ['number', 'integer'],
  percent: ['number', 'integer'],
  shorten: ['string'],
};

/** Helpers by how the value must be for them; the others print any value that their type allows. */
const usesOf: Readonly<Record<string, FieldUse['as']>> = {
  text: 'text',
  shorten: 'text',
  url: 'url',
  date: 'date',
  datetime: 'date',
  relative: 'date',
  money: 'money',
};

/** Finds what the expressions of a template stand for, and notes what is not there. */
export class PathReader {
  readonly errors: TemplateError[] = [];
  readonly uses: FieldUse[] = [];
  readonly schema: SchemaReader;
  readonly #own: ReadonlyMap<string, Value>;

  constructor(schema: SchemaReader, brandNames: readonly string[]) {
    this.schema = schema;
    const brand = new Map(brandNames.map((name) => [name, printed] as const));
    this.#own = new Map<string, Value>([
      ['root', { kind: 'field', path: [], schema: schema.root, isPresent: true }],
      ['brand', { kind: 'names', members: brand }],
      ['recipient', { kind: 'names', members: new Map([['name', recipientName]]) }],
      ...['locale', 'direction', 'start', 'end'].map((name) => [name, printed] as const),
    ]);
  }

  evaluate(expression: hbs.AST.Expression, scope: TemplateScope): Value | undefined {
    if (isPath(expression)) return this.#find(expression, scope);
    if (isSubExpression(expression)) return this.call(expression, expression.path.original, scope);
    return printed;
  }

  /** `{{path}}`. */
  print(path: hbs.AST.PathExpression, scope: TemplateScope): void {
    const value = this.#find(path, scope);
    this.assertPresent(value, path, path.original);
    if (value?.kind === 'field' && value.schema['format'] === 'uri')
      this.note(
        path,
        `{{${path.original}}} is a link: print it with {{url "${value.path.at(-1)}"}}, which judges it`,
      );
    this.addUse(value, 'text');
  }

  /** `{{helper …}}`: what it prints is used as it prints it, and must be there. */
  call(node: HelperCall, helper: string, scope: TemplateScope): Value | undefined {
    const options = listPairs(node.hash);
    for (const { value } of options) this.evaluate(value, scope);
    if (helper === 'lookup') return this.#lookUp(node, scope);
    if (helper === 'url') {
      const [name] = node.params;
      if (!isText(name)) return this.note(node, '{{url}} needs the name of a field, in quotes');
      const field = this.#step(scope.value, name, { name: name.value, scope });
      if (!options.some(({ key }) => key === 'or')) this.assertPresent(field, name, name.value);
      this.addUse(field, 'url');
      return printed;
    }
    // Only the first argument must be there: money without a currency takes the brand's own.
    const [value, beside] = node.params.map((param) => this.evaluate(param, scope));
    this.#checkFirst(node, helper, value);
    this.addUse(value, helper, beside);
    return printed;
  }

  /** Notes that `helper` prints the value, when its value can be refused. */
  addUse(value: Value | undefined, helper: string, beside?: Value): void {
    const as = usesOf[helper];
    if (as === undefined || value?.kind !== 'field') return;
    this.uses.push({ path: value.path, as, ...(beside?.kind === 'field' && { beside: beside.path }) });
  }

  assertPresent(value: Value | undefined, node: hbs.AST.Node, name: string): void {
    if (value?.kind !== 'field' || value.isPresent) return;
    this.note(node, `{{${name}}} may be absent; guard an optional field with {{#if ${name}}}`);
  }

  note(node: hbs.AST.Node, detail: string): undefined {
    const { source, start } = node.loc;
    this.errors.push({ file: source, line: start.line, column: start.column + 1, detail });
    return undefined;
  }

  noteMissing(
    node: hbs.AST.Node,
    missing: { wrong: string; what: string; names: readonly string[] },
  ): undefined {
    const [nearest] = findNearest(missing.wrong, missing.names);
    const known = missing.names.length === 0 ? 'there is none' : `there are ${missing.names.join(', ')}`;
    return this.note(node, `${missing.what}; ${nearest === undefined ? known : `did you mean ${nearest}?`}`);
  }

  #lookUp(node: HelperCall, scope: TemplateScope): Value | undefined {
    const [from, name] = node.params;
    if (from === undefined || !isText(name))
      return this.note(node, '{{lookup}} needs the name of a field, in quotes, so that it can be checked');
    const value = this.evaluate(from, scope);
    return value && this.#step(value, name, { name: name.value, scope });
  }

  #checkFirst(node: HelperCall, helper: string, value: Value | undefined): void {
    if (value?.kind !== 'field') return;
    const name = value.path.join('.');
    this.assertPresent(value, node, name);
    const types = argumentTypes[helper];
    if (types === undefined || this.schema.isOf(value.schema, types)) return;
    this.note(node, `{{${helper}}} prints a ${types[0]}, and ${name} may be something else`);
  }

  #find(path: hbs.AST.PathExpression, scope: TemplateScope): Value | undefined {
    const { data, depth, parts } = path;
    const [first = '', ...rest] = parts;
    if (data) return this.#follow(this.#findOwn(path, first, scope), rest, { path, scope });
    let at: TemplateScope = scope;
    for (let up = 0; up < depth; up += 1) {
      if (at.outer === undefined)
        return this.note(path, `{{${path.original}}} leads out of what can be seen here`);
      at = at.outer;
    }
    const param = depth === 0 ? scope.params.get(first) : undefined;
    return param === undefined
      ? this.#follow(at.value, parts, { path, scope })
      : this.#follow(param, rest, { path, scope });
  }

  #findOwn(path: hbs.AST.PathExpression, name: string, scope: TemplateScope): Value | undefined {
    if (scope.inLoop && loopNames.includes(name)) return printed;
    const what = `{{${path.original}}} is not there`;
    return this.#own.get(name) ?? this.noteMissing(path, { wrong: name, what, names: [...this.#own.keys()] });
  }

  #follow(
    from: Value | undefined,
    names: readonly string[],
    at: { readonly path: hbs.AST.PathExpression; readonly scope: TemplateScope },
  ): Value | undefined {
    let value = from;
    for (const name of names) {
      if (value === undefined) return undefined;
      if (value.kind === 'field') this.assertPresent(value, at.path, value.path.join('.'));
      value = this.#step(value, at.path, { name, original: at.path.original, scope: at.scope });
    }
    return value;
  }

  #step(
    from: Value,
    node: hbs.AST.Node,
    {
      name,
      original = name,
      scope,
    }: { readonly name: string; readonly original?: string; readonly scope: TemplateScope },
  ): Value | undefined {
    const value = findMember(from, name, this.schema);
    if (value === undefined) {
      const call = scope.call === undefined ? '' : `, and ${scope.call} does not give it`;
      const what = `{{${original}}} is not there${call}`;
      return this.noteMissing(node, { wrong: name, what, names: listMembers(from, this.schema) });
    }
    const isGuarded = value.kind === 'field' && scope.present.has(toKey(value.path));
    return isGuarded ? { ...value, isPresent: true } : value;
  }
}

export function isPath(node: hbs.AST.Node): node is hbs.AST.PathExpression {
  return node.type === 'PathExpression';
}

export function isSubExpression(node: hbs.AST.Node): node is hbs.AST.SubExpression {
  return node.type === 'SubExpression';
}

export function isText(node: hbs.AST.Node | undefined): node is hbs.AST.StringLiteral {
  return node?.type === 'StringLiteral';
}

/** The `name=value` pairs of a call; the parser leaves the hash out when there are none. */
export function listPairs(hash: hbs.AST.Hash | undefined): readonly hbs.AST.HashPair[] {
  return hash?.pairs ?? [];
}
