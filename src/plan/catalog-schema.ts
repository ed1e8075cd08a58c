import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { PointerFault } from '../domain/errors.ts';
import { asRecord } from '../render/as-record.ts';

/** The JSON Schema (draft 2020-12) of one event type's data, compiled. */
export interface DataSchema {
  /** Every fault of `data`, found by JSON pointer relative to it; empty means good. */
  checkData(data: Readonly<Record<string, unknown>>): readonly PointerFault[];
  /** True when the top level declares a property with this name as a date or a date with time. */
  isDateField(name: string): boolean;
  /** A copy of `data` with required properties only, at every level: what the poorest good event looks like. */
  stripOptional(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

/** Compiles a schema. Throws an `Error` in plain words when it is not one that the catalog can use. */
export function compileDataSchema(schema: unknown): DataSchema {
  const top = asRecord(schema);
  if (top['type'] !== 'object' || top['additionalProperties'] !== false) {
    throw new Error(
      'the schema must be of an object with "additionalProperties": false, so that a misspelt field is refused',
    );
  }
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: true, verbose: true });
  addFormats.default(ajv, { mode: 'full', formats: ['date', 'date-time', 'uri'] });
  const validate = ajv.compile(top);
  return {
    checkData: (data) => listFaults(validate, data),
    isDateField: (name) => isDateSchema(asRecord(asRecord(top['properties'])[name])),
    stripOptional: (data) => asRecord(strip(data, top)),
  };
}

function listFaults(validate: ValidateFunction, data: unknown): readonly PointerFault[] {
  if (validate(data)) return [];
  const errors = validate.errors ?? [];
  // An anyOf reports each branch and then itself: the last line, with the property's description, is the useful one.
  const chosen = errors.filter((error) => error.keyword === 'anyOf').map((error) => error.schemaPath);
  return errors
    .filter((error) => !chosen.some((path) => error.schemaPath.startsWith(`${path}/`)))
    .map(toPointerFault);
}

function toPointerFault(error: ErrorObject): PointerFault {
  const params: Readonly<Record<string, unknown>> = asRecord(error.params);
  const description = asRecord(error.parentSchema)['description'];
  const hint = typeof description === 'string' ? `: ${description}` : '';
  switch (error.keyword) {
    case 'required': {
      const name = String(params['missingProperty']);
      const of = asRecord(asRecord(asRecord(error.parentSchema)['properties'])[name])['description'];
      return {
        pointer: join(error.instancePath, name),
        detail: `is required${typeof of === 'string' ? `: ${of}` : ''}`,
      };
    }
    case 'additionalProperties': {
      const known = Object.keys(asRecord(asRecord(error.parentSchema)['properties'])).join(', ');
      return {
        pointer: join(error.instancePath, String(params['additionalProperty'])),
        detail: `is not a field of this event; the fields are ${known}`,
      };
    }
    case 'anyOf':
      return { pointer: error.instancePath, detail: `has none of the forms it may have${hint}` };
    default:
      return { pointer: error.instancePath, detail: `${error.message ?? 'is not valid'}${hint}` };
  }
}

/** RFC 6901: `~` and `/` in a name are escaped. */
function join(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
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
