import fc, { type Arbitrary } from 'fast-check';

/** The part of JSON Schema 2020-12 that our API document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly format?: string;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

/** Values that a schema allows, as far as it says so; `resolve` finds what a `$ref` names. */
export function createValues(schema: Schema, resolve: (ref: string) => Schema): Arbitrary<unknown> {
  const go = (one: Schema): Arbitrary<unknown> => createValues(one, resolve);
  if (schema.$ref !== undefined) return go(resolve(schema.$ref));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const create = schema.type === undefined ? undefined : byType[schema.type];
  if (create !== undefined) return create(schema, go);
  const choices = schema.oneOf ?? schema.anyOf;
  return choices === undefined ? fc.jsonValue({ maxDepth: 2 }) : fc.oneof(...choices.map(go));
}

type Create = (schema: Schema, go: (one: Schema) => Arbitrary<unknown>) => Arbitrary<unknown>;

const byType: Readonly<Record<string, Create>> = {
  object: createObjects,
  string: createStrings,
  integer: createNumbers,
  number: createNumbers,
  boolean: () => fc.boolean(),
  array: ({ items = {}, minItems = 0, maxItems = 4 }, go) =>
    fc.array(go(items), { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 4)) }),
};

function createObjects(schema: Schema, go: (one: Schema) => Arbitrary<unknown>): Arbitrary<unknown> {
  const members = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, go(one)] as const);
  // A list of alternatives beside the properties says what else is required.
  const extra = schema.anyOf?.map(({ required = [] }) => required) ?? [[]];
  return fc.constantFrom(...extra).chain((also) => {
    const requiredKeys = [...(schema.required ?? []), ...also].filter((name) => schema.properties?.[name]);
    return fc.record(Object.fromEntries(members), { requiredKeys, noNullPrototype: true });
  });
}

const byFormat: Readonly<Record<string, Arbitrary<string>>> = {
  email: fc.constantFrom('ada@example.com', 'grace.hopper+x@example.com'),
  'date-time': fc
    .date({ min: new Date('2026-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  date: fc.constantFrom('2027-01-15', '2028-02-29'),
  uri: fc.constantFrom('https://app.example.com/s/1'),
};

function createStrings(schema: Schema): Arbitrary<unknown> {
  const format = schema.format ?? schema.anyOf?.find((one) => one.format !== undefined)?.format;
  const known = format === undefined ? undefined : byFormat[format];
  if (known !== undefined) return known;
  if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern));
  const minLength = schema.minLength ?? 0;
  const maxLength = Math.max(minLength, Math.min(schema.maxLength ?? 30, 30));
  // Harmless ones: what is not is for the mutations.
  return fc.oneof(...(schema.examples ?? []).map((one) => fc.constant(one)), plainText(minLength, maxLength));
}

function plainText(minLength: number, maxLength: number): Arbitrary<string> {
  const letter = fc.constantFrom('a', 'b', 'k', 'z', '-', '0', '7');
  return fc.string({ minLength, maxLength, unit: letter });
}

function createNumbers({ type, minimum, exclusiveMinimum, maximum = 1_000_000 }: Schema): Arbitrary<number> {
  const min = minimum ?? (exclusiveMinimum === undefined ? -1_000 : exclusiveMinimum + 1);
  const max = Math.max(min, Math.min(maximum, 1_000_000));
  return type === 'integer'
    ? fc.integer({ min: Math.ceil(min), max: Math.floor(max) })
    : fc.double({ min, max, noNaN: true });
}

/** What no schema foresees. */
const junk: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    '',
    0,
    -1,
    1e308,
    true,
    [],
    {},
    '\u0000',
    '\ud800',
    'x'.repeat(5_000),
    '../..',
    '{{7*7}}',
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
);

/** The value with one thing changed: a member dropped, replaced or added, at any depth, or all of it replaced. */
export function mutate(value: unknown): Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return junk;
  const names = Object.keys(value);
  if (names.length === 0)
    return fc.oneof(
      junk,
      junk.map((one) => ({ unexpected: one })),
    );
  const entries = value as Record<string, unknown>;
  const put = (name: string, one: unknown): unknown =>
    Array.isArray(value) ? value.with(Number(name), one) : { ...entries, [name]: one };
  return fc.oneof(
    { weight: 1, arbitrary: junk },
    { weight: 3, arbitrary: fc.constantFrom(...names).map((name) => drop(entries, name)) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...names), junk).map(([name, one]) => put(name, one)) },
    { weight: 2, arbitrary: fc.tuple(fc.string(), junk).map(([name, one]) => ({ ...entries, [name]: one })) },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom(...names)
        .chain((name) => mutate(entries[name]).map((one) => put(name, one))),
    },
  );
}

function drop(entries: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.fromEntries(Object.entries(entries).filter(([one]) => one !== name));
}
