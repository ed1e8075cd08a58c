import type { Scope } from '../identity/verify-token.ts';
import type { AnswerName } from './answers.ts';

/** The part of a route that the pipeline and the documents read. */
export interface RouteRow {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As Express writes it: `/api/events/:id`. */
  readonly path: string;
  readonly group: RouteGroup;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** What the token must allow. Set on every `api` route. */
  readonly scope?: Scope;
  /** The handler itself deals with a token that nobody can judge now. */
  readonly takesUnjudged?: true;
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
}

export interface AnswerRow {
  readonly description: string;
  /** Absent: the answer is not JSON. */
  readonly schema?: AnswerName;
  readonly mediaType?: string;
  readonly headers?: readonly ('Location' | 'Idempotency-Replayed')[];
}

/** Which steps of the pipeline a route passes. `api` needs a token; `open` and `metrics` need none. */
export type RouteGroup = 'api' | 'open' | 'metrics';
