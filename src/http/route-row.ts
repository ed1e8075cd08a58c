import type { z } from 'zod';
import type { Scope } from '../identity/verify-token.ts';
import type { AnswerName } from './all-answers.ts';
import type { RequestName } from './operator-requests.ts';

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
  /** Brings events in: refused while the intake is closed. */
  readonly takesEvents?: true;
  /** The handler itself deals with a token that nobody can judge now. */
  readonly takesUnjudged?: true;
  /** The parameters after the `?`; a route without takes any and reads none. */
  readonly query?: z.ZodObject;
  readonly body?: BodyRule;
  /** Good answers by status; the problems are added by what the route goes through. */
  readonly answers: Readonly<Record<number, AnswerRow>>;
  /** Statuses of the problems that the handler itself can answer. */
  readonly problems?: readonly number[];
  /** Left out of the API document: pages and their parts. */
  readonly isPage?: true;
}

export interface BodyRule {
  readonly bytesMax: number;
  readonly mediaTypes: readonly string[];
  /** Absent: the body is an event. */
  readonly schema?: RequestName;
}

export interface AnswerRow {
  readonly description: string;
  /** Absent: the answer is not JSON. */
  readonly schema?: AnswerName;
  readonly mediaType?: string;
  readonly hasNoBody?: true;
  readonly headers?: readonly ('Location' | 'Idempotency-Replayed')[];
}

/** Which steps of the pipeline a route passes. `api` needs a token; `open` and `metrics` need none. */
export type RouteGroup = 'api' | 'open' | 'metrics';
