import type { z } from 'zod';
import type { Scope } from '../identity/verify-token.ts';

/** The part of a route that the pipeline and the documents read. */
export interface RouteRow {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As Express writes it: `/api/events/:id`. */
  readonly path: string;
  readonly group: RouteGroup;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** What the token must allow. Set on every `api` route. */
  readonly scope?: Scope;
  /** Accepts events: refused while the intake is closed. */
  readonly acceptsEvents?: true;
  /** The handler itself deals with a token that cannot be verified now. */
  readonly handlesUnverifiedToken?: true;
  /** The parameters after the `?`; a route without takes any and reads none. */
  readonly query?: z.ZodObject;
  readonly body?: BodyRule;
  /** Good responses by status; the problems are added by what the route goes through. */
  readonly responses: Readonly<Record<number, ResponseRow>>;
  /** Statuses of the problems that the handler itself can answer. */
  readonly problems?: readonly number[];
  /** Left out of the API document: pages and their parts. */
  readonly isPage?: true;
}

export interface BodyRule {
  readonly bytesMax: number;
  readonly mediaTypes: readonly string[];
  /** With an `id` and an example in its metadata. Absent: the body is an event. */
  readonly schema?: z.ZodType;
}

export interface ResponseRow {
  readonly description: string;
  /** With an `id` in its metadata. Absent: the response is not JSON. */
  readonly schema?: z.ZodType;
  readonly mediaType?: string;
  readonly hasNoBody?: true;
  readonly headers?: readonly ('Location' | 'Idempotency-Replayed')[];
}

/** Which steps of the pipeline a route passes. `api` needs a token; `open` and `metrics` need none. */
export type RouteGroup = 'api' | 'open' | 'metrics';

/** A good body, for the documents. */
export function exampleOf(schema: z.ZodType): unknown {
  const examples = schema.meta()?.['examples'];
  return Array.isArray(examples) ? (examples[0] as unknown) : undefined;
}

/** The name of a schema in the document: the `id` of its metadata. Throws for a schema without one. */
export function nameSchema(schema: z.ZodType): string {
  const id = schema.meta()?.id;
  if (id === undefined) throw new Error('a schema of a route has no id');
  return id;
}
