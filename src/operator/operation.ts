import type { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { type ClientId, type MessageId, parseMessageId } from '../domain/ids.ts';
import type { AuditOrder } from '../gate/act-audited.ts';
import type { Scope } from '../identity/read-scopes.ts';

/** Whose records may be seen: one client's own, or everybody's (`notify.admin`). */
export type Owner = ClientId | 'any';

/** Who asks: for the audit, and for whose records may be seen. */
export interface Requester {
  readonly clientId: ClientId;
  readonly requestId: string;
  readonly owner: Owner;
}

/** One request of an operation, checked against its schemas. */
export interface OperationRequest<Query = unknown, Body = unknown> {
  /** The `:id` of the path; empty when the path has none. */
  readonly id: string;
  readonly query: Query;
  readonly body: Body;
  readonly by: Requester;
}

/** What is said of an operation: route, OpenAPI document and `acc` command are made from it. */
export interface OperationRow {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/api/held/:id`. */
  readonly path: `/api/${string}`;
  /** As in the OpenAPI document. */
  readonly operationId: string;
  readonly scope: Scope;
  readonly summary: string;
  readonly description?: string;
  /** Throws for a text that can be no `:id` of this path; asked before the body is looked at. */
  readonly checkId?: (id: string) => unknown;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
  /** What the OpenAPI document says of the response. */
  readonly responseText: string;
  /** Statuses of the problems that the operation itself can answer. */
  readonly problems?: readonly number[];
  /** Absent: `acc` has a command of its own for it, or none. */
  readonly command?: CommandRow;
}

/** The `acc` command of an operation; its options come from the query or the body. */
export interface CommandRow {
  /** `held list`. */
  readonly name: string;
  readonly summary: string;
  readonly about?: string;
  readonly examples?: readonly string[];
  /** Of a list: header and field of each column. */
  readonly columns?: readonly (readonly [header: string, field: string])[];
  /** Of an operation on many: what it does, and the field of the response that counts what was done. */
  readonly bulk?: { readonly verb: string; readonly doneIn: string };
}

/** One operation of the operators' API, with the function that does it. `Deps`: what that function needs. */
export interface Operation<Deps> extends OperationRow {
  readonly run: (request: OperationRequest, deps: Deps) => Promise<unknown>;
}

type Given<R extends z.ZodType, Query, Body, Deps> = Omit<
  OperationRow,
  'method' | 'path' | 'query' | 'body' | 'response' | 'responseText' | 'scope'
> & {
  readonly scope?: Scope;
  readonly response: R;
  readonly responseText?: string;
  readonly run: (request: OperationRequest<Query, Body>, deps: Deps) => Promise<z.output<R>>;
};

/** An operation that changes nothing. By default for administrators. */
export function read<R extends z.ZodType, Deps, Q extends z.ZodObject = z.ZodObject>(
  path: OperationRow['path'],
  row: Given<R, z.output<Q>, undefined, Deps> & { readonly query?: Q },
): Operation<Deps> {
  return {
    scope: 'notify.admin',
    responseText: 'What was asked for',
    ...row,
    method: 'GET',
    path,
    run: row.run as Operation<Deps>['run'],
  };
}

/** An operation that changes something, with a body. By default for administrators. */
export function change<R extends z.ZodType, B extends z.ZodType, Deps>(
  place: `${'PUT' | 'POST'} /api/${string}`,
  row: Given<R, undefined, z.output<B>, Deps> & { readonly body: B },
): Operation<Deps> {
  return {
    scope: 'notify.admin',
    responseText: 'What came of it',
    ...row,
    method: place.startsWith('PUT') ? 'PUT' : 'POST',
    path: place.slice(place.indexOf('/')) as OperationRow['path'],
    run: row.run as Operation<Deps>['run'],
  };
}

/** What the audit is told of who asks, and why. */
export function toOrder(body: { readonly reason: string }, { clientId, requestId }: Requester): AuditOrder {
  return { actor: clientId, reason: body.reason, requestId };
}

/**
 * The message that the path names.
 *
 * @throws ServiceError `not-found` with `detail`
 */
export function requireMessageId({ id: text }: Pick<OperationRequest, 'id'>, detail: string): MessageId {
  const id = parseMessageId(text);
  if (id === undefined) throw new ServiceError('not-found', detail);
  return id;
}
