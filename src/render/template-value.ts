import type { SchemaNode, SchemaReader } from './schema-reader.ts';

/** What an expression of a template stands for. */
export type Value =
  | FieldValue
  /** What a partial looks at that was called with `name=…`: those, before what it looked at otherwise. */
  | {
      readonly kind: 'arguments';
      readonly base: Value;
      readonly given: ReadonlyMap<string, Value>;
      /** Every name that the partial looked up. */
      readonly lookedUp: Set<string>;
    }
  /** What is ours and not of the event: `@brand`, `@recipient`. */
  | { readonly kind: 'names'; readonly members: ReadonlyMap<string, Value> }
  /** A literal, or what a helper returns. */
  | { readonly kind: 'printed' };

/** A place in the data of an event; `isPresent` when good data always has it, or a guard around says that it is there. */
interface FieldValue {
  readonly kind: 'field';
  /** Names from the data down; `*` is every item of a list. */
  readonly path: readonly string[];
  readonly schema: SchemaNode;
  readonly isPresent: boolean;
}

/** One way in which a template prints a field of the data. */
export interface FieldUse {
  /** As in a field's value. `@recipient`, `name` is the person's name. */
  readonly path: readonly string[];
  /** Unchanged (`text`), as a link (`url`), or as the helper prints it that can refuse its value. */
  readonly as: 'text' | 'url' | 'date' | 'money';
  /** The currency of an amount, when the data has it. */
  readonly beside?: readonly string[];
}

/** The uses, each once. */
export function joinUses(uses: readonly FieldUse[]): readonly FieldUse[] {
  return [...new Map(uses.map((use) => [JSON.stringify(use), use])).values()];
}

export const printed = { kind: 'printed' } as const;

/** A field under which the analysis keeps the person's name, which is no field of the data. */
export const recipientName: FieldValue = {
  kind: 'field',
  path: ['@recipient', 'name'],
  schema: { type: 'string' },
  isPresent: false,
};

export function toKey(path: readonly string[]): string {
  return path.join('/');
}

/** The member `name` of a value, or `undefined` when there cannot be one. */
export function findMember(value: Value, name: string, reader: SchemaReader): Value | undefined {
  switch (value.kind) {
    case 'field': {
      if (name === 'length' && reader.isOf(value.schema, ['array'])) return printed;
      const child = reader.findChild(value.schema, name);
      if (child === undefined) return undefined;
      const isPresent = value.isPresent && child.isRequired;
      return { kind: 'field', path: [...value.path, name], schema: child.schema, isPresent };
    }
    case 'arguments':
      value.lookedUp.add(name);
      return value.given.get(name) ?? findMember(value.base, name, reader);
    case 'names':
      return value.members.get(name);
    case 'printed':
      return undefined;
    default:
      return value satisfies never;
  }
}

/** The names that `findMember` knows. */
export function listMembers(value: Value, reader: SchemaReader): readonly string[] {
  switch (value.kind) {
    case 'field':
      return reader.listNames(value.schema);
    case 'arguments':
      return [...value.given.keys(), ...listMembers(value.base, reader)];
    case 'names':
      return [...value.members.keys()];
    case 'printed':
      return [];
    default:
      return value satisfies never;
  }
}
