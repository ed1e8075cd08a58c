import { type AddressField, addressFields, channels } from '../../domain/channel.ts';
import { instantCharsMax } from '../../domain/instant.ts';
import { daysAheadMax } from '../../ingest/build-event.ts';
import type { Catalog } from '../../plan/catalog.ts';

/** The `data` of one event type, as the catalog knows it. */
export interface EventTypeDoc {
  readonly type: string;
  readonly title: string;
  /** JSON Schema of `data`. */
  readonly schema: JsonSchema;
  /** A good `data`, for the examples. */
  readonly sample?: Readonly<Record<string, unknown>>;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The fields that every shape has, apart from its own way to write them. */
const fields = {
  type: { type: 'string', minLength: 1, maxLength: 255 },
  idempotency_key: {
    type: 'string',
    minLength: 1,
    maxLength: 255,
    pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$',
    description:
      'Identity of the event, unless the Idempotency-Key header (which goes before it) or an id gives it',
  },
  source: { type: 'string', minLength: 1, maxLength: 255 },
  recipient: { $ref: '#/components/schemas/Recipient' },
  channels: { type: 'array', minItems: 1, items: { enum: channels } },
  send_at: describeInstant(`Not before this instant; at most ${daysAheadMax} days ahead`),
  not_after: describeInstant(
    `Never after this instant; at most ${daysAheadMax} days after send_at, or after now`,
  ),
} as const;

const name = { type: 'string', minLength: 1, maxLength: 255 } as const;

/** RFC 3339, and what databases print for it. */
function describeInstant(description?: string): JsonSchema {
  const bounds = { type: 'string', format: 'date-time', maxLength: instantCharsMax };
  return description === undefined ? bounds : { ...bounds, description };
}

const addressSchemas: Readonly<Record<AddressField, JsonSchema>> = {
  email: { type: 'string', format: 'email', maxLength: 254 },
  phone: { type: 'string', pattern: '^\\+[1-9]\\d{6,14}$', description: 'E.164' },
};

const recipientFields = {
  ...addressSchemas,
  name: { type: 'string', minLength: 1, maxLength: 200 },
  locale: { type: 'string', maxLength: 35, description: 'BCP 47', examples: ['fr-CA'] },
  time_zone: { type: 'string', maxLength: 40, description: 'IANA', examples: ['Europe/Paris'] },
} as const;

function describeRecipient(directoryIdField: string): JsonSchema {
  return {
    type: 'object',
    description: `Who is written to. Without it, ${directoryIdField} in the data is looked up.`,
    properties: recipientFields,
    anyOf: addressFields.map((field) => ({ required: [field] })),
    additionalProperties: false,
  };
}

/** The schemas of what may be posted: for each type its data, and the three shapes over them. */
export function describeEvents(
  types: readonly EventTypeDoc[],
  directoryIdField: string,
): Readonly<Record<string, JsonSchema>> {
  const data = Object.fromEntries(
    types.map(({ type, title, schema }) => [`Data.${type}`, { title, ...omitDialect(schema) }]),
  );
  const flat = types.map((type) => describeFlat(type));
  return {
    Recipient: describeRecipient(directoryIdField),
    FlatEvent: flat.length === 0 ? anyFlat : { oneOf: flat },
    EnvelopeEvent: oneOfTypes(types, describeEnvelope),
    CloudEvent: oneOfTypes(types, describeCloudEvent),
    ...data,
  };
}

const anyFlat: JsonSchema = {
  type: 'object',
  properties: fields,
  required: ['type'],
  additionalProperties: true,
};

function describeFlat({ type, title, schema }: EventTypeDoc): JsonSchema {
  const { properties = {}, required = [], ...rest } = omitDialect(schema);
  const own = Array.isArray(required) ? required.filter((field) => typeof field === 'string') : [];
  return {
    title,
    ...rest,
    type: 'object',
    properties: { ...fields, type: { const: type }, ...(isRecord(properties) ? properties : {}) },
    required: ['type', ...own],
  };
}

function describeEnvelope(type: JsonSchema, data: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: { id: name, ...fields, type, time: describeInstant(), data },
    required: ['type', 'data'],
    additionalProperties: false,
  };
}

function describeCloudEvent(type: JsonSchema, data: JsonSchema): JsonSchema {
  return {
    type: 'object',
    description: 'CloudEvents 1.0; our own fields are extension attributes',
    properties: {
      specversion: { const: '1.0' },
      id: name,
      source: name,
      type,
      time: describeInstant(),
      datacontenttype: { const: 'application/json' },
      data,
      idempotencykey: name,
      channels: { type: 'string', examples: [channels.join(',')] },
      sendat: fields.send_at,
      notafter: fields.not_after,
      ...Object.fromEntries(
        Object.entries(recipientFields).map(([field, schema]) => [
          `recipient${field.replace('_', '')}`,
          schema,
        ]),
      ),
    },
    required: ['specversion', 'id', 'source', 'type'],
  };
}

function oneOfTypes(
  types: readonly EventTypeDoc[],
  describe: (type: JsonSchema, data: JsonSchema) => JsonSchema,
): JsonSchema {
  if (types.length === 0) return describe(fields.type, { type: 'object' });
  return {
    oneOf: types.map(({ type, title }) => ({
      title,
      ...describe({ const: type }, { $ref: `#/components/schemas/Data.${type}` }),
    })),
  };
}

function omitDialect(schema: JsonSchema): JsonSchema {
  const { $schema: _dialect, $id: _id, ...rest } = schema;
  return rest;
}

function isRecord(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every event type of the catalog with the schema and the sample of its data, as the API document shows them. */
export function listEventTypes(catalog: Pick<Catalog, 'templates' | 'find'>): readonly EventTypeDoc[] {
  return catalog.templates.map(({ type, settings }) => {
    const schemaFile = settings.find(({ file }) => file.endsWith('/schema.json'));
    const entry = catalog.find(type);
    return {
      type,
      title: entry?.title ?? type,
      schema: JSON.parse(schemaFile?.source ?? '{}') as JsonSchema,
      ...(entry === undefined ? {} : { sample: entry.sample.data }),
    };
  });
}
