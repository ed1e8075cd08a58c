import { isUtf8 } from 'node:buffer';
import { type FieldError, ServiceError } from '../domain/errors.ts';
import { jsonValuesMax } from '../domain/scan-json.ts';
import { type JsonFlaw, jsonDepthMax, readStrictJson } from '../domain/strict-json.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON in `bytes` (UTF-8, RFC 8259; a byte order mark is ignored, as §8.1 allows), with what is wrong in it although
 * `JSON.parse` takes it. The error never quotes the body: bodies hold addresses.
 *
 * @throws ServiceError `malformed-json`, `body-too-large` (more values, members or levels than are ever read)
 */
export function parseJson(bytes: Buffer, valuesMax = jsonValuesMax) {
  if (bytes.length === 0) throw new ServiceError('malformed-json', 'the body is empty; post a JSON object');
  if (!isUtf8(bytes)) throw new ServiceError('malformed-json', 'the body is not UTF-8');
  const text = bytes.toString('utf8');
  const reading = readStrictJson(text.startsWith('\ufeff') ? text.slice(1) : text, valuesMax);
  switch (reading.kind) {
    case 'read':
      return reading;
    case 'too-much':
      throw new ServiceError('body-too-large', `a body holds at most ${reading.bound}`);
    case 'malformed':
      // Without the cause: V8's message quotes the body.
      throw new ServiceError('malformed-json', `the body is not valid JSON${describePlace(reading.cause)}`);
    default:
      return reading satisfies never;
  }
}

/** V8 gives some errors a position, describes an early end, and only quotes the body for the rest. */
function describePlace(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return ` (at character ${position})`;
  return message.includes('end of JSON input') ? ' (it ends too early)' : '';
}

/**
 * The object of one event, and the errors of its numbers and texts.
 *
 * @throws ServiceError `malformed-event` (no object, too deep, a prototype name) with pointers that start with `at`,
 * `malformed-json` (a member that comes twice)
 */
export function requireObject(
  value: unknown,
  at: string,
  flaws: readonly JsonFlaw[],
): { readonly body: JsonObject; readonly errors: readonly FieldError[] } {
  if (!isJsonObject(value)) {
    const errors = [{ pointer: at, detail: 'must be a JSON object' }];
    throw new ServiceError('malformed-event', 'an event is a JSON object', { errors: errors });
  }
  return { body: value, errors: listValueErrors(flaws) };
}

/**
 * The flaws that are errors of one value each; the others make the whole unreadable.
 *
 * @throws ServiceError `malformed-json`, `malformed-event`
 */
export function listValueErrors(flaws: readonly JsonFlaw[]): readonly FieldError[] {
  if (flaws.length === 0) return [];
  refuse('malformed-json', 'the body names a member twice; see errors', ['duplicate-member'], flaws);
  refuse(
    'malformed-event',
    'the body holds something that no event needs',
    ['forbidden-name', 'too-deep'],
    flaws,
  );
  return flaws.map(toFieldError);
}

function refuse(
  code: 'malformed-json' | 'malformed-event',
  detail: string,
  kinds: readonly JsonFlaw['kind'][],
  flaws: readonly JsonFlaw[],
): void {
  const errors = flaws.filter(({ kind }) => kinds.includes(kind)).map(toFieldError);
  if (errors.length > 0) throw new ServiceError(code, detail, { errors: errors });
}

const flawDetails: Readonly<Record<JsonFlaw['kind'], string>> = {
  'duplicate-member': 'comes twice: which one was meant?',
  'inexact-number':
    'is a number that does not survive (beyond 2^53, or of too many digits): send it as a string',
  'half-character': 'holds half of a surrogate pair, which is no character',
  'forbidden-name': 'this name is not allowed',
  'too-deep': `is nested deeper than ${jsonDepthMax} levels`,
};

function toFieldError({ pointer, kind }: JsonFlaw): FieldError {
  return { pointer, detail: flawDetails[kind] };
}

/** True for a JSON object: not null, not a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
