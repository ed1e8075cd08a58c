import { z } from 'zod';
import { errorTable } from '../../domain/errors.ts';
import { batchItemsMax, batchMediaTypes } from '../../ingest/parse-event.ts';
import { nameSchema, type ResponseRow, type RouteRow } from '../route-row.ts';
import type { JsonSchema } from './event-schemas.ts';

/** One operation of the document: what the route says, and what its steps of the pipeline can answer. */
export function describeOperation(route: RouteRow): JsonSchema {
  const answers = Object.entries(route.responses).map(([status, response]) => [
    status,
    describeResponse(response),
  ]);
  const problems = listProblems(route).map((status) => [String(status), describeProblemResponse(status)]);
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    security: route.group === 'api' ? [{ bearer: route.scope === undefined ? [] : [route.scope] }] : [],
    ...describeParameters(route),
    ...(route.body === undefined ? {} : { requestBody: describeBody(route) }),
    responses: Object.fromEntries([...answers, ...problems]),
  };
}

/** Statuses of the problems that a caller can meet on this route, in order. */
export function listProblems(route: RouteRow): readonly number[] {
  const own = route.problems ?? [];
  const api = route.group === 'api' ? [400, 401, 403, 405, 429, 500, 503] : [400, 405, 500];
  const body = route.body === undefined ? [] : [413, 415, 422];
  const query = route.query === undefined ? [] : [422];
  const good = Object.keys(route.responses).map(Number);
  return [...new Set([...api, ...body, ...query, ...own])]
    .filter((status) => !good.includes(status))
    .toSorted((a, b) => a - b);
}

function describeResponse(response: ResponseRow): JsonSchema {
  const headers = ['X-Request-ID', ...(response.headers ?? [])];
  const schema =
    response.schema === undefined
      ? {}
      : { schema: { $ref: `#/components/schemas/${nameSchema(response.schema)}` } };
  return {
    description: response.description,
    headers: referHeaders(headers),
    ...(response.hasNoBody === true
      ? {}
      : { content: { [response.mediaType ?? 'application/json']: schema } }),
  };
}

function describeProblemResponse(status: number): JsonSchema {
  const codes = Object.entries(errorTable)
    .filter(([, row]) => row.status === status)
    .map(([code]) => `\`${code}\``);
  const headers = ['X-Request-ID'];
  if (status === 429 || status === 503) headers.push('Retry-After');
  if (status === 401 || status === 403) headers.push('WWW-Authenticate');
  return {
    description: codes.join(', '),
    headers: referHeaders(headers),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function referHeaders(names: readonly string[]): JsonSchema {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function describeParameters(route: RouteRow): JsonSchema {
  const path = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const headers = [
    ...(route.operationId === 'postEvent'
      ? [
          header(
            'Idempotency-Key',
            'Identity of the event; goes before the body’s own. Without it the body needs one',
          ),
        ]
      : []),
    ...(route.group === 'api' ? [header('X-Request-ID', 'Comes back in the answer and in our logs')] : []),
  ];
  const parameters = [...path, ...describeQuery(route), ...headers];
  return parameters.length === 0 ? {} : { parameters };
}

function describeQuery({ query }: RouteRow): JsonSchema[] {
  if (query === undefined) return [];
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

function header(name: string, description: string): JsonSchema {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

function describeBody({ body }: RouteRow): JsonSchema {
  const mediaTypes = body?.mediaTypes ?? [];
  const named =
    body?.schema === undefined ? undefined : { $ref: `#/components/schemas/${nameSchema(body.schema)}` };
  const isBatch = mediaTypes.some((mediaType) => mediaType === batchMediaTypes[1]);
  const content = mediaTypes.map((mediaType) => [
    mediaType,
    { schema: named ?? (isBatch ? listOf(schemaOf(mediaType)) : schemaOf(mediaType)) },
  ]);
  return {
    required: true,
    description: `At most ${body?.bytesMax ?? 0} bytes.`,
    content: Object.fromEntries(content),
  };
}

function schemaOf(mediaType: string): JsonSchema {
  if (mediaType.includes('cloudevents')) return { $ref: '#/components/schemas/CloudEvent' };
  return {
    anyOf: [{ $ref: '#/components/schemas/FlatEvent' }, { $ref: '#/components/schemas/EnvelopeEvent' }],
  };
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', minItems: 1, maxItems: batchItemsMax, items };
}
