import { asRecord } from '../render/as-record.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The first place in a schema that lets texts or lists of any length in, and its repair; `undefined` when all are
 * bounded. What has no bound is paid for by every check, helper and message after the door.
 */
export function findUnbounded(schema: Schema, at = ''): string | undefined {
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

function isBoundedText(schema: Schema): boolean {
  const { maxLength, format, anyOf, oneOf } = schema;
  if (typeof maxLength === 'number' || 'enum' in schema || 'const' in schema) return true;
  if (boundedFormats.includes(format)) return true;
  const choices = anyOf ?? oneOf;
  return Array.isArray(choices) && choices.length > 0 && choices.map(asRecord).every(isBoundedText);
}

function listChildren(schema: Schema): readonly (readonly [string, Schema])[] {
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
 * faults costs what good data costs, however much was sent.
 */
export function cutToSchema(value: unknown, given: Schema, root: Schema = given): unknown {
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

function followRef(schema: Schema, root: Schema): Schema {
  const ref = schema['$ref'];
  const name = typeof ref === 'string' ? /^#\/\$defs\/([^/]+)$/.exec(ref)?.[1] : undefined;
  return name === undefined ? schema : asRecord(asRecord(root['$defs'])[name]);
}
