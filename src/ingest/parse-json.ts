import { isUtf8 } from 'node:buffer';
import { ServiceError } from '../domain/errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Levels of nesting of one event: far beyond any template's need, far below what troubles a walker. */
export const jsonDepthMax = 16;

/** Names that reach an object's prototype in careless code. JSON.parse makes them plain keys; we refuse them. */
const dangerousKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The JSON value in `bytes` (UTF-8, RFC 8259; a byte order mark is ignored, as §8.1 allows). The fault never
 * quotes the body: bodies hold addresses.
 *
 * @throws ServiceError `malformed-json`
 */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new ServiceError('malformed-json', 'the body is empty; post a JSON object');
  if (!isUtf8(bytes)) throw new ServiceError('malformed-json', 'the body is not UTF-8');
  try {
    return JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, '')) as unknown;
  } catch (cause) {
    throw new ServiceError('malformed-json', `the body is not valid JSON${describePlace(cause)}`);
  }
}

/** V8 tells some faults with their position, the early end in words, and the rest only by quoting the body. */
function describePlace(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return ` (at character ${position})`;
  return message.includes('end of JSON input') ? ' (it ends too early)' : '';
}

/**
 * The object in `value`, sure to be at most 16 levels deep and free of prototype names at every level.
 *
 * @throws ServiceError `malformed-event` with a pointer that starts with `at`
 */
export function checkJsonIsSafe(value: unknown, at: string): JsonObject {
  if (!isJsonObject(value)) {
    const faults = [{ pointer: at, detail: 'must be a JSON object' }];
    throw new ServiceError('malformed-event', 'an event is a JSON object', { faults });
  }
  checkLevel(value, at, 1);
  return value;
}

/** True for a JSON object: not null, not a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON pointer (RFC 6901) one level below `at`. */
export function pointerBelow(at: string, key: string): string {
  return `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function checkLevel(value: object, at: string, depth: number): void {
  if (depth > jsonDepthMax) refuse(at, `is nested deeper than ${jsonDepthMax} levels`);
  for (const [key, child] of Object.entries(value)) {
    if (dangerousKeys.has(key)) refuse(pointerBelow(at, key), 'this name is not allowed');
    if (typeof child === 'object' && child !== null) checkLevel(child, pointerBelow(at, key), depth + 1);
  }
}

function refuse(pointer: string, detail: string): never {
  throw new ServiceError('malformed-event', 'the body holds something that no event needs', {
    faults: [{ pointer: pointer.slice(0, 1000), detail }],
  });
}
