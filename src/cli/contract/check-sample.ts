import { type FieldError, ServiceError } from '../../domain/errors.ts';
import type { ParsedEvent } from '../../ingest/build-event.ts';
import { checkEvent } from '../../ingest/check-event.ts';
import { parseEvent } from '../../ingest/parse-event.ts';
import { isJsonObject, type JsonObject } from '../../ingest/parse-json.ts';
import {
  type Comparison,
  type Difference,
  type DifferenceKind,
  isTypeIn,
  jsonTypeOf,
  listTypes,
  type OurContract,
} from './difference.ts';

/**
 * Judges one sample of an event by the very code that stands at the door, so that what passes here is accepted there.
 * The idempotency key may be missing: producers often send it as a header.
 */
export function checkSample(sample: JsonObject, pointer: string, ours: OurContract): Comparison {
  const type = typeof sample['type'] === 'string' ? sample['type'] : '';
  const end = (differences: readonly Difference[]): Comparison => ({ type, differences, notCompared: [] });
  let parsed: ParsedEvent | undefined;
  try {
    parsed = parse(sample);
    checkEvent(withKey(parsed), ours.catalog);
    return end([]);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.code === 'unknown-event-type') {
      const known = ours.catalog.types().join(', ');
      return end([{ kind: 'unknown-type', pointer: `${pointer}/type`, detail: `not one of ${known}` }]);
    }
    const faults = error.options.errors ?? [{ pointer: '', detail: error.message }];
    const schema = ours.schemas.get(type) ?? {};
    return end(
      faults.map((fault) => ({
        kind:
          parsed === undefined || parsed.errors.includes(fault)
            ? 'not-an-event'
            : nameKind(fault, { sample, parsed, schema }),
        pointer: `${pointer}${fault.pointer}`,
        detail: fault.detail,
      })),
    );
  }
}

function parse(sample: JsonObject): ParsedEvent {
  const mediaType = 'specversion' in sample ? 'application/cloudevents+json' : 'application/json';
  const body = Buffer.from(JSON.stringify(sample));
  return parseEvent({ mediaType, headers: {}, body, receivedAt: Date.now() });
}

function withKey(parsed: ParsedEvent): ParsedEvent {
  return parsed.keyError === undefined
    ? parsed
    : { ...parsed, idempotencyKey: 'contract-check', keyError: undefined };
}

function nameKind(
  { pointer }: FieldError,
  { sample, parsed, schema }: { sample: JsonObject; parsed: ParsedEvent; schema: JsonObject },
): DifferenceKind {
  const { dataPointer } = parsed;
  const value = readAt(sample, pointer);
  if (value === undefined) return 'missing-required';
  if (!pointer.startsWith(`${dataPointer}/`)) return 'value-mismatch';
  const node = findSchema(schema, splitPointer(pointer.slice(dataPointer.length)));
  if (node === undefined) return 'unknown-field';
  const types = listTypes(node);
  return types.length > 0 && !isTypeIn(jsonTypeOf(value), types) ? 'type-mismatch' : 'value-mismatch';
}

function readAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const name of splitPointer(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name) as unknown;
  }
  return value;
}

function findSchema(schema: JsonObject, names: readonly string[]): JsonObject | undefined {
  let node: unknown = schema;
  for (const name of names) {
    if (!isJsonObject(node)) return undefined;
    const { properties, items } = node;
    node = isJsonObject(items) ? items : isJsonObject(properties) ? properties[name] : undefined;
  }
  return isJsonObject(node) ? node : undefined;
}

function splitPointer(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}
