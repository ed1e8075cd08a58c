import type { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { parseJson } from '../ingest/parse-json.ts';
import { type Exchange, readQuery } from './exchange.ts';

/**
 * The body, as the schema wants it.
 *
 * @throws ServiceError `malformed-json` (400), `invalid-request-data` (422, every fault by pointer)
 */
export function parseBody<T>(exchange: Exchange, schema: z.ZodType<T>): T {
  return parseWith(schema, parseJson(exchange.body), 'the body has faults');
}

/**
 * The parameters after the `?`, as the schema wants them.
 *
 * @throws ServiceError `invalid-request-data` (422, every fault by pointer: `/limit`)
 */
export function parseQuery<T>(exchange: Exchange, schema: z.ZodType<T>): T {
  return parseWith(schema, Object.fromEntries(readQuery(exchange)), 'the query has faults');
}

/** Faults name the place and the rule; what was sent is never repeated. */
function parseWith<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return names.map((name) => ({
      pointer: toPointer(name === undefined ? issue.path : [...issue.path, name]),
      detail: name === undefined ? issue.message : 'is not a field of this request',
    }));
  });
  throw new ServiceError('invalid-request-data', what, { faults });
}

function toPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
