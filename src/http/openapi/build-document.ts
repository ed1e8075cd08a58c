import { z } from 'zod';
import { problemSchema } from '../responses.ts';
import { nameSchema, type RouteRow } from '../route-row.ts';
import { describeOperation } from './describe-operation.ts';
import type { EventTypeDoc, JsonSchema } from './event-schemas.ts';
import { describeEvents } from './event-schemas.ts';

export interface DocumentOptions {
  readonly routes: readonly RouteRow[];
  readonly eventTypes: readonly EventTypeDoc[];
  /** The field of the data that names a person of the directory. */
  readonly directoryIdField: string;
  /** Absent in the committed file, where the server is not known. */
  readonly serverUrl?: string;
}

/** The OpenAPI 3.1 document of the route table: the same input gives the same document, key by key. */
export function buildOpenApi({
  routes,
  eventTypes,
  directoryIdField,
  serverUrl,
}: DocumentOptions): JsonSchema {
  const documented = routes.filter((route) => route.isPage !== true);
  return {
    openapi: '3.1.0',
    info: {
      title: 'auto_com_center',
      version: 'v2.7',
      summary: 'Takes events; turns each into the right message; delivers it once.',
      description:
        'It can always be stopped, loses nothing it accepted, and sends nothing twice. Every error is a problem document ' +
        '(RFC 9457) with a stable `code`; every answer carries `X-Request-ID`.',
    },
    servers: [{ url: serverUrl ?? '/' }],
    paths: describePaths(documented),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: sortByName({
        ...describeEvents(eventTypes, directoryIdField),
        ...describeSchemas(
          documented.flatMap(({ body }) => body?.schema ?? []),
          'input',
        ),
        ...describeSchemas(
          [problemSchema, ...documented.flatMap(({ responses }) => listResponseSchemas(responses))],
          'output',
        ),
      }),
      headers: {
        'X-Request-ID': { description: 'Your own, or a new one', schema: { type: 'string' } },
        Location: { description: 'Where the event can be seen', schema: { type: 'string' } },
        'Idempotency-Replayed': { description: '`true`: the first answer again', schema: { const: 'true' } },
        'Retry-After': { description: 'Seconds', schema: { type: 'integer' } },
        'WWW-Authenticate': { description: 'RFC 6750 challenge', schema: { type: 'string' } },
      },
    },
  };
}

function describePaths(routes: readonly RouteRow[]): JsonSchema {
  const paths = [...new Set(routes.map((route) => route.path))];
  return sortByName(
    Object.fromEntries(
      paths.map((path) => [
        path.replace(/:(\w+)/g, '{$1}'),
        Object.fromEntries(
          routes
            .filter((route) => route.path === path)
            .map((route) => [route.method.toLowerCase(), describeOperation(route)]),
        ),
      ]),
    ),
  );
}

/** So that the document does not depend on the order of the code. */
function sortByName(members: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function listResponseSchemas(responses: RouteRow['responses']): z.ZodType[] {
  return Object.values(responses).flatMap(({ schema }) => schema ?? []);
}

/** Every schema by name; a named schema inside another one becomes a reference. */
function describeSchemas(
  schemas: readonly z.ZodType[],
  io: 'input' | 'output',
): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ id: string }>();
  for (const schema of schemas) registry.add(schema, { id: nameSchema(schema) });
  const { schemas: described } = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(described).map(([id, schema]) => {
      const { $schema: _dialect, $id: _id, id: _name, ...rest } = schema;
      return [id, rest];
    }),
  );
}
