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
    description: 'Identity of the event; the Idempotency-Key header goes before it',
  },
  source: { type: 'string', minLength: 1, maxLength: 255 },
  recipient: { $ref: '#/components/schemas/Recipient' },
  channels: { type: 'array', minItems: 1, items: { enum: ['email', 'sms'] } },
  send_at: { type: 'string', format: 'date-time', description: 'Not before this instant' },
  not_after: { type: 'string', format: 'date-time', description: 'Never after this instant' },
} as const;

const name = { type: 'string', minLength: 1, maxLength: 255 } as const;
const text = { type: 'string' } as const;

const recipient: JsonSchema = {
  type: 'object',
  description: 'Who is written to. Without it, student_id in the data is looked up.',
  properties: {
    email: { type: 'string', format: 'email' },
    phone: { type: 'string', pattern: '^\\+[1-9]\\d{6,14}$', description: 'E.164' },
    name: { type: 'string', minLength: 1, maxLength: 200 },
    locale: { type: 'string', description: 'BCP 47', examples: ['fr-CA'] },
    time_zone: { type: 'string', description: 'IANA', examples: ['Europe/Paris'] },
  },
  anyOf: [{ required: ['email'] }, { required: ['phone'] }],
  additionalProperties: false,
};

/** The schemas of what may be posted: for each type its data, and the three shapes over them. */
export function describeEvents(types: readonly EventTypeDoc[]): Readonly<Record<string, JsonSchema>> {
  const data = Object.fromEntries(
    types.map(({ type, title, schema }) => [`Data.${type}`, { title, ...omitDialect(schema) }]),
  );
  const flat = types.map((type) => describeFlat(type));
  return {
    Recipient: recipient,
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
    properties: { id: name, ...fields, type, time: { type: 'string', format: 'date-time' }, data },
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
      time: { type: 'string', format: 'date-time' },
      datacontenttype: { const: 'application/json' },
      data,
      idempotencykey: name,
      channels: { type: 'string', examples: ['email,sms'] },
      sendat: { type: 'string', format: 'date-time' },
      notafter: { type: 'string', format: 'date-time' },
      recipientemail: text,
      recipientphone: text,
      recipientname: text,
      recipientlocale: text,
      recipienttimezone: text,
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
