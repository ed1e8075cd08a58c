import { Ajv2020, type ErrorObject, type FuncKeywordDefinition, type Options } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FieldError } from '../domain/errors.ts';
import { parseDate, parseInstant } from '../domain/instant.ts';
import { currencyExponent, parseAmount } from '../domain/money.ts';
import { pointerBelow } from '../domain/strict-json.ts';
import { asRecord, type SchemaNode } from '../render/schema-reader.ts';

/** The JSON Schema (draft 2020-12) of one event type's data, compiled. */
export interface DataSchema {
  /** The JSON Schema itself. */
  readonly source: SchemaNode;
  /** Every error of `data`, found by JSON pointer relative to it; empty means good. */
  checkData(data: Readonly<Record<string, unknown>>): readonly FieldError[];
  /** True when the top level declares a property with this name as a date or a date with time. */
  isDateField(name: string): boolean;
  /** A copy of `data` with required properties only, at every level: what the poorest good event looks like. */
  stripOptional(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

/**
 * Compiles a schema. Throws an `Error` with a message for people when it is not one that the catalog can use. `currency` is the one
 * of amounts that name none.
 */
export function compileDataSchema(schema: unknown, currency: string): DataSchema {
  const top = asRecord(schema);
  if (top['type'] !== 'object' || top['additionalProperties'] !== false) {
    throw new Error(
      'the schema must be of an object with "additionalProperties": false, so that a misspelt field is refused',
    );
  }
  const unbounded = findUnbounded(top);
  if (unbounded !== undefined) throw new Error(unbounded);
  // Good data is read once. What is wrong with bad data is read from a copy without what is too long or too many.
  const validate = createAjv(currency, {}).compile(top);
  const validateAll = createAjv(currency, { allErrors: true, verbose: true }).compile(top);
  return {
    source: top,
    checkData: (data) => {
      if (validate(data)) return [];
      const first = validate.errors ?? [];
      validateAll(cutToSchema(data, top));
      return listErrors(validateAll.errors ?? first);
    },
    isDateField: (name) => isDateSchema(asRecord(asRecord(top['properties'])[name])),
    stripOptional: (data) => asRecord(strip(data, top)),
  };
}

function createAjv(currency: string, options: Options): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, strictRequired: true, ...options });
  addFormats.default(ajv, { mode: 'full', formats: ['uri'] });
  ajv.addFormat('date', (text: string) => parseDate(text) !== undefined);
  ajv.addFormat('date-time', (text: string) => parseInstant(text) !== undefined);
  ajv.addFormat('currency', (text: string) => currencyExponent(text) !== undefined);
  ajv.addKeyword({ keyword: amountKeyword, schemaType: 'string', validate: createAmountCheck(currency) });
  return ajv;
}

/**
 * `"x-currency-field": "currency"` makes a property an amount of money in the currency of the field `currency` beside it,
 * or in the brand's own without that field. The same rule prints it, so what passes here can be printed.
 */
const amountKeyword = 'x-currency-field';

function createAmountCheck(ownCurrency: string): NonNullable<FuncKeywordDefinition['validate']> {
  const check: NonNullable<FuncKeywordDefinition['validate']> = (
    field: string,
    amount: unknown,
    _schema,
    at,
  ) => {
    const currency: unknown = asRecord(at?.parentData)[field] ?? ownCurrency;
    const exponent = typeof currency === 'string' ? currencyExponent(currency) : undefined;
    // What is no currency is an error of that field, and told there.
    const parsed = exponent === undefined ? undefined : parseAmount(amount, exponent);
    if (parsed?.ok !== false) return true;
    check.errors = [{ keyword: amountKeyword, message: parsed.error, params: {} }];
    return false;
  };
  return check;
}

function listErrors(errors: readonly ErrorObject[]): readonly FieldError[] {
  // An anyOf reports each branch and then itself: the last line, with the property's description, is the useful one.
  const chosen = new Set(
    errors.filter(({ keyword }) => keyword === 'anyOf').map(({ schemaPath }) => `${schemaPath}/`),
  );
  const isBranch = ({ schemaPath }: ErrorObject): boolean =>
    [...chosen].some((path) => schemaPath.startsWith(path));
  return errors.filter((error) => !isBranch(error)).map(toFieldError);
}

function toFieldError(error: ErrorObject): FieldError {
  const params: Readonly<Record<string, unknown>> = asRecord(error.params);
  const description = asRecord(error.parentSchema)['description'];
  const hint = typeof description === 'string' ? `: ${description}` : '';
  switch (error.keyword) {
    case 'required': {
      const name = String(params['missingProperty']);
      const of = asRecord(asRecord(asRecord(error.parentSchema)['properties'])[name])['description'];
      return {
        pointer: pointerBelow(error.instancePath, name),
        detail: `is required${typeof of === 'string' ? `: ${of}` : ''}`,
      };
    }
    case 'additionalProperties': {
      const known = Object.keys(asRecord(asRecord(error.parentSchema)['properties'])).join(', ');
      return {
        pointer: pointerBelow(error.instancePath, String(params['additionalProperty'])),
        detail: `is not a field of this event; the fields are ${known}`,
      };
    }
    case 'anyOf':
      return { pointer: error.instancePath, detail: `has none of the forms it may have${hint}` };
    default:
      return { pointer: error.instancePath, detail: `${error.message ?? 'is not valid'}${hint}` };
  }
}

function isDateSchema(schema: Readonly<Record<string, unknown>>): boolean {
  const branches = Array.isArray(schema['anyOf']) ? schema['anyOf'].map(asRecord) : [schema];
  return branches.every((branch) => branch['format'] === 'date' || branch['format'] === 'date-time');
}

function strip(value: unknown, schema: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value)) return value.map((item) => strip(item, asRecord(schema['items'])));
  if (typeof value !== 'object' || value === null) return value;
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  const properties = asRecord(schema['properties']);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => required.includes(key))
      .map(([key, item]) => [key, strip(item, asRecord(properties[key]))]),
  );
}

/**
 * The first place in a schema that lets texts or lists of any length in, and its repair; `undefined` when all are
 * bounded. What has no bound is paid for by every check, helper and message after the door.
 */
function findUnbounded(schema: SchemaNode, at = ''): string | undefined {
  const types = [schema['type']].flat();
  const where = `the schema${at === '' ? '' : ` at ${at}`}`;
  if (types.includes('string') && !isBoundedText(schema))
    return `${where} takes texts of any length: give a "maxLength"`;
  if (types.includes('array') && typeof schema['maxItems'] !== 'number')
    return `${where} takes lists of any length: give "maxItems"`;
  for (const [name, child] of listChildren(schema)) {
    const found = findUnbounded(child, `${at}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Formats whose forms have a length of their own. */
const boundedFormats: readonly unknown[] = ['date', 'date-time', 'currency'];

function isBoundedText(schema: SchemaNode): boolean {
  const { maxLength, format, anyOf, oneOf } = schema;
  if (typeof maxLength === 'number' || 'enum' in schema || 'const' in schema) return true;
  if (boundedFormats.includes(format)) return true;
  const choices = anyOf ?? oneOf;
  return Array.isArray(choices) && choices.length > 0 && choices.map(asRecord).every(isBoundedText);
}

function listChildren(schema: SchemaNode): readonly (readonly [string, SchemaNode])[] {
  const single = ['items', 'additionalProperties', 'then', 'else'].map(
    (keyword) => [keyword, schema[keyword]] as const,
  );
  // A list of schemas has its indexes for names.
  const several = [
    'properties',
    'patternProperties',
    '$defs',
    'anyOf',
    'oneOf',
    'allOf',
    'prefixItems',
  ].flatMap((keyword) =>
    Object.entries(asRecord(schema[keyword])).map(([name, child]) => [`${keyword}/${name}`, child] as const),
  );
  return [...several, ...single].flatMap(([name, child]) =>
    typeof child === 'object' && child !== null ? [[name, asRecord(child)] as const] : [],
  );
}

/** Members that a schema does not know: more of them are not worth telling. */
const unknownMax = 100;

/**
 * A copy of bad data that is as bad in the same places, and no larger than what the schema could take: of a list one
 * item too many, of a text some characters too many, of an object a hundred members that it may not have. To find its
 * errors costs what good data costs, however much was sent.
 */
function cutToSchema(value: unknown, given: SchemaNode, root: SchemaNode = given): unknown {
  const schema = followRef(given, root);
  if (typeof value === 'string') {
    const { maxLength } = schema;
    // Characters outside the basic plane are two units each, and one in the count.
    return typeof maxLength === 'number' ? value.slice(0, 2 * maxLength + 2) : value;
  }
  if (Array.isArray(value)) {
    const { maxItems } = schema;
    const items = typeof maxItems === 'number' ? value.slice(0, maxItems + 1) : value;
    return items.map((item) => cutToSchema(item, asRecord(schema['items']), root));
  }
  if (typeof value !== 'object' || value === null) return value;
  const properties = asRecord(schema['properties']);
  const isClosed = schema['additionalProperties'] === false;
  let unknown = 0;
  const kept = Object.entries(value).filter(([name]) => {
    if (!isClosed || Object.hasOwn(properties, name)) return true;
    unknown += 1;
    return unknown <= unknownMax;
  });
  return Object.fromEntries(
    kept.map(([name, member]) => [name, cutToSchema(member, asRecord(properties[name]), root)]),
  );
}

function followRef(schema: SchemaNode, root: SchemaNode): SchemaNode {
  const ref = schema['$ref'];
  const name = typeof ref === 'string' ? /^#\/\$defs\/([^/]+)$/.exec(ref)?.[1] : undefined;
  return name === undefined ? schema : asRecord(asRecord(root['$defs'])[name]);
}
