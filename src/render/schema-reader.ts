/** A place in a JSON Schema. `{}` lets anything in. */
export type SchemaNode = Readonly<Record<string, unknown>>;

export interface SchemaChild {
  readonly schema: SchemaNode;
  readonly isRequired: boolean;
}

/**
 * What a template needs to know of the schema of its data. Follows `properties`, `required`, `items`, `allOf`, `anyOf`,
 * `oneOf` and `$ref` within the document.
 */
export class SchemaReader {
  readonly root: SchemaNode;

  constructor(root: SchemaNode) {
    this.root = root;
  }

  /** The property `name`, or `undefined` when no good data has one. */
  findChild(node: SchemaNode, name: string): SchemaChild | undefined {
    const forms = this.#listForms(node);
    const found = forms
      .map((form) => asRecord(form['properties']))
      .filter((properties) => Object.hasOwn(properties, name))
      .map((properties) => asRecord(properties[name]));
    if (found.length > 0) return { schema: joinForms(found), isRequired: this.#isRequired(node, name) };
    return forms.every(isOpen) ? { schema: {}, isRequired: true } : undefined;
  }

  /** What the items of a list are, or `undefined` when it is none. */
  findItem(node: SchemaNode): SchemaNode | undefined {
    const forms = this.#listForms(node);
    const items = forms.filter((form) => form['items'] !== undefined).map((form) => asRecord(form['items']));
    if (items.length > 0) return joinForms(items);
    return forms.every((form) => form['type'] === undefined || form['type'] === 'array') ? {} : undefined;
  }

  listNames(node: SchemaNode): readonly string[] {
    return this.#listForms(node).flatMap((form) => Object.keys(asRecord(form['properties'])));
  }

  /** True when every good value is of one of these JSON types, or the schema does not say. */
  isOf(node: SchemaNode, types: readonly string[]): boolean {
    return this.#listForms(node).every(({ type }) => {
      const named: readonly unknown[] = Array.isArray(type) ? type : type === undefined ? [] : [type];
      return named.every((one) => typeof one === 'string' && types.includes(one));
    });
  }

  #listForms(node: SchemaNode, depth = 0): readonly SchemaNode[] {
    if (depth > depthMax) return [];
    const below = [...this.#listConditions(node), ...listNodes(node['anyOf']), ...listNodes(node['oneOf'])];
    return [node, ...below.flatMap((form) => this.#listForms(form, depth + 1))];
  }

  /** What holds besides `node` itself. */
  #listConditions(node: SchemaNode): readonly SchemaNode[] {
    const ref = node['$ref'];
    if (typeof ref !== 'string' || !ref.startsWith('#/')) return listNodes(node['allOf']);
    let target: unknown = this.root;
    for (const name of ref.slice(2).split('/')) target = asRecord(target)[name];
    return [...listNodes(node['allOf']), asRecord(target)];
  }

  #isRequired(node: SchemaNode, name: string, depth = 0): boolean {
    if (depth > depthMax) return false;
    const { required } = node;
    if (Array.isArray(required) && required.includes(name)) return true;
    const holds = (form: SchemaNode): boolean => this.#isRequired(form, name, depth + 1);
    const choices = [listNodes(node['anyOf']), listNodes(node['oneOf'])];
    return (
      this.#listConditions(node).some(holds) ||
      choices.some((branches) => branches.length > 0 && branches.every(holds))
    );
  }
}

/** A schema that refers to itself is followed so far. */
const depthMax = 8;

function listNodes(value: unknown): readonly SchemaNode[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}

function joinForms(forms: readonly SchemaNode[]): SchemaNode {
  return forms.length === 1 ? (forms[0] ?? {}) : { anyOf: forms };
}

function isOpen(form: SchemaNode): boolean {
  const { type, properties, additionalProperties } = form;
  return (
    properties === undefined && additionalProperties !== false && (type === undefined || type === 'object')
  );
}

/** The value as an object whose members are unknown; an empty one for whatever is not an object. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
