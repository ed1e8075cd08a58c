import type { z } from 'zod';
import { type FieldError, ServiceError } from '../domain/errors.ts';
import { pointerBelow } from '../domain/strict-json.ts';
import { listValueErrors, parseJson } from '../ingest/parse-json.ts';
import { type Exchange, readQuery } from './exchange.ts';

/**
 * The body, as the schema wants it.
 *
 * @throws ServiceError `malformed-json`, `malformed-event` (400), `body-too-large` (413), `invalid-request-data` (422,
 * every error by pointer)
 */
export function parseBody<T>(exchange: Exchange, schema: z.ZodType<T>): T {
  const { value, flaws } = parseJson(exchange.body, valuesMax);
  // Before the schema looks at the items one by one, and tells an error of each.
  const errors = [...listValueErrors(flaws), ...findOversize(value, '')];
  if (errors.length > 0) throw new ServiceError('invalid-request-data', 'the body has errors', { errors });
  return parseWith(schema, value, 'the body has errors');
}

/**
 * The parameters after the `?`, as the schema wants them.
 *
 * @throws ServiceError `invalid-request-data` (422, every error by pointer: `/limit`)
 */
export function parseQuery<T>(exchange: Exchange, schema: z.ZodType<T>): T {
  const query = readQuery(exchange);
  const errors = findRepeated([...query.keys()]);
  if (errors.length > 0) throw new ServiceError('invalid-request-data', queryErrors, { errors });
  return parseWith(schema, Object.fromEntries(query), queryErrors);
}

const queryErrors = 'the query has errors';

/** Which of two values counts, nobody could tell. */
function findRepeated(names: readonly string[]): FieldError[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names) (seen.has(name) ? repeated : seen).add(name);
  return [...repeated].slice(0, 100).map((name) => ({
    pointer: pointerBelow('', name),
    detail: 'is given more than once; give it once',
  }));
}

/** A thousand items of ten values each. */
const valuesMax = 10_000;
/** No list and no object of a request has more than this. */
const listItemsMax = 1_000;
const membersMax = 100;

/** Lists and objects that are larger than any request needs. What is in them is not looked at. */
function findOversize(value: unknown, at: string): FieldError[] {
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  if (isList && entries.length > listItemsMax)
    return [{ pointer: at, detail: `has more than ${listItemsMax} items` }];
  if (!isList && entries.length > membersMax)
    return [{ pointer: at, detail: `has more than ${membersMax} members` }];
  return entries.flatMap(([name, child]) =>
    typeof child === 'object' ? findOversize(child, pointerBelow(at, name)) : [],
  );
}

/** Errors name the place and the rule; what was sent is never repeated. */
function parseWith<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return names.map((name) => ({
      pointer: toPointer(name === undefined ? issue.path : [...issue.path, name]),
      detail: name === undefined ? issue.message : 'is not a field of this request',
    }));
  });
  throw new ServiceError('invalid-request-data', what, { errors });
}

function toPointer(path: readonly PropertyKey[]): string {
  return path.reduce<string>((at, part) => pointerBelow(at, String(part)), '');
}
