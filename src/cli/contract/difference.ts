import type { EventCatalog } from '../../ingest/check-event.ts';
import type { JsonObject } from '../../ingest/parse-json.ts';

/** What the door of this service asks for: the catalog, and the JSON Schema of each type's data. */
export interface OurContract {
  readonly catalog: EventCatalog;
  readonly schemas: ReadonlyMap<string, JsonObject>;
}

export type DifferenceKind =
  | 'unknown-type'
  | 'missing-required'
  | 'unknown-field'
  | 'type-mismatch'
  | 'value-mismatch'
  | 'not-an-event';

/** One thing that keeps a peer's event from being accepted. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** JSON pointer (RFC 6901) into the peer's document. */
  readonly pointer: string;
  readonly detail: string;
}

/** What nobody can tell from the two documents alone: neither a difference nor an agreement. */
export interface NotCompared {
  readonly pointer: string;
  readonly detail: string;
}

export interface Comparison {
  readonly type: string;
  readonly differences: readonly Difference[];
  readonly notCompared: readonly NotCompared[];
}

/** The JSON type of a value, in the words of JSON Schema. Whole numbers are `integer`. */
export function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** The types that a schema names; empty when it does not say. */
export function listTypes(schema: JsonObject): readonly string[] {
  const { type, enum: values } = schema;
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type.filter((one) => typeof one === 'string');
  if ('const' in schema) return [jsonTypeOf(schema['const'])];
  return Array.isArray(values) ? [...new Set(values.map(jsonTypeOf))] : [];
}

/** True when every value of type `given` is of one of the types `wanted`. */
export function isTypeIn(given: string, wanted: readonly string[]): boolean {
  return wanted.includes(given) || (given === 'integer' && wanted.includes('number'));
}
