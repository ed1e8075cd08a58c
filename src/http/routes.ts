import { batchMediaTypes, singleMediaTypes } from '../ingest/parse-event.ts';
import type { Operation, Requester } from '../operator/operation.ts';
import { type OperatorDeps, operations } from '../operator/operations.ts';
import type { ApiContext, MetricsContext, ProbeContext } from './context.ts';
import { type Exchange, requireCaller } from './exchange.ts';
import { parseBody, parseQuery } from './parse-input.ts';
import {
  batchReceiptSchema,
  canarySchema,
  healthSchema,
  livenessSchema,
  readinessSchema,
  receiptSchema,
} from './responses.ts';
import { type Route, replyJson } from './route.ts';
import type { RouteRow } from './route-row.ts';
import { getCanary } from './routes/get-canary.ts';
import { getDocument, getProblemPage } from './routes/get-document.ts';
import { postEvent } from './routes/post-event.ts';
import { postEventBatch } from './routes/post-event-batch.ts';
import { getHealth, getLivez, getMetrics, getReadyz } from './routes/probes.ts';

const bodyBytesMax = 1024 * 1024;

/** A route for each operation of the operators' API. */
const operationRoutes: readonly Route<ApiContext>[] = operations.map(toRoute);

function toRoute(operation: Operation<OperatorDeps>): Route<ApiContext> {
  const { query, body, response, responseText, checkId, command: _command, run: _run, ...row } = operation;
  return {
    ...row,
    group: 'api',
    ...(query === undefined ? {} : { query }),
    ...(body === undefined
      ? {}
      : { body: { bytesMax: bodyBytesMax, mediaTypes: ['application/json'], schema: body } }),
    responses: { 200: { description: responseText, schema: response } },
    handle: async (exchange, { services }) => {
      const id = exchange.params['id'] ?? '';
      checkId?.(id);
      const result = await services.perform(operation, {
        id,
        query: query === undefined ? undefined : parseQuery(exchange, query),
        body: body === undefined ? undefined : parseBody(exchange, body),
        by: requesterOf(exchange),
      });
      return replyJson(200, result);
    },
  };
}

/** A client sees its own; an administrator sees everybody's. */
function requesterOf(exchange: Exchange): Requester {
  const { clientId, scopes } = requireCaller(exchange);
  return { clientId, requestId: exchange.requestId, owner: scopes.has('notify.admin') ? 'any' : clientId };
}

/** Every route there is. Paths are matched in this order: a fixed path stands before one with a parameter. */
export const apiRoutes: readonly Route<ApiContext>[] = [
  {
    method: 'POST',
    path: '/api/events',
    group: 'api',
    scope: 'notify.send',
    handlesUnverifiedToken: true,
    acceptsEvents: true,
    operationId: 'postEvent',
    summary: 'Take one event',
    description:
      'Answers 202 once the event is on disk. Every event needs an identity, in one of three forms: an Idempotency-Key header, ' +
      'idempotency_key in the body, or an id (with source) in an envelope or CloudEvent. Flat, envelope or CloudEvents 1.0 (structured or binary): three shapes, one meaning. ' +
      'The same identity and body again get the first answer with `Idempotency-Replayed: true`; another body gets 409.',
    body: { bytesMax: 256 * 1024, mediaTypes: singleMediaTypes },
    responses: {
      202: { description: 'On disk', schema: receiptSchema, headers: ['Location', 'Idempotency-Replayed'] },
    },
    problems: [409],
    handle: postEvent,
  },
  {
    method: 'POST',
    path: '/api/events/batch',
    group: 'api',
    scope: 'notify.send',
    handlesUnverifiedToken: true,
    acceptsEvents: true,
    operationId: 'postEventBatch',
    summary: 'Take 1 to 500 events',
    description:
      'Each item stands for itself, and carries its identity itself: idempotency_key, or an id (with source). 202 when one item or more is on disk, with a result for each, in order. When nothing is, ' +
      'the answer is a problem (422, or 503 when trying again helps) that carries the same `results`.',
    body: { bytesMax: 1024 * 1024, mediaTypes: batchMediaTypes },
    responses: { 202: { description: 'One item or more is on disk', schema: batchReceiptSchema } },
    handle: postEventBatch,
  },
  ...operationRoutes,
];

export const probeRoutes: readonly Route<ProbeContext>[] = [
  {
    method: 'GET',
    path: '/livez',
    group: 'open',
    operationId: 'getLivez',
    summary: 'Does the process live?',
    responses: { 200: { description: 'It does', schema: livenessSchema } },
    handle: getLivez,
  },
  {
    method: 'GET',
    path: '/readyz',
    group: 'open',
    operationId: 'getReadyz',
    summary: 'Can it take events? `?verbose` tells why not',
    responses: {
      200: { description: 'It can', schema: readinessSchema },
      503: { description: 'It cannot: the store, or it is on its way out', schema: readinessSchema },
    },
    handle: getReadyz,
  },
  {
    method: 'GET',
    path: '/health',
    group: 'open',
    operationId: 'getHealth',
    summary: 'Each dependency: pass, warn or fail',
    responses: {
      200: { description: 'pass or warn', schema: healthSchema, mediaType: 'application/health+json' },
      503: { description: 'fail', schema: healthSchema, mediaType: 'application/health+json' },
    },
    handle: getHealth,
  },
];

const notModified = { description: 'It still is what `If-None-Match` names', hasNoBody: true } as const;

export const openRoutes: readonly Route<ApiContext>[] = [
  {
    method: 'GET',
    path: '/canary',
    group: 'open',
    operationId: 'getCanary',
    summary: 'The canary of contract v2.7; always 200',
    responses: { 200: { description: 'Eight keys, measured', schema: canarySchema } },
    handle: getCanary,
  },
  {
    method: 'GET',
    path: '/openapi.json',
    group: 'open',
    operationId: 'getOpenApi',
    summary: 'This document',
    responses: { 200: { description: 'OpenAPI 3.1', mediaType: 'application/json' }, 304: notModified },
    handle: getDocument('openapi'),
  },
  {
    method: 'GET',
    path: '/problems/:code',
    group: 'open',
    operationId: 'getProblemPage',
    summary: 'What a problem means and what to do about it',
    responses: { 200: { description: 'A page', mediaType: 'text/html' }, 304: notModified },
    problems: [404],
    handle: getProblemPage,
  },
  ...(
    [
      ['/', 'getIndex', 'index'],
      ['/docs', 'getDocs', 'docs'],
      ['/docs/style.css', 'getDocsStyle', 'style'],
      ['/docs/icon.svg', 'getDocsIcon', 'icon'],
    ] as const
  ).map(
    ([path, operationId, name]): Route<ApiContext> => ({
      method: 'GET',
      path,
      group: 'open',
      operationId,
      summary: 'For people',
      isPage: true,
      responses: { 200: { description: 'A page or a part of one', mediaType: '*/*' } },
      handle: getDocument(name),
    }),
  ),
];

export const metricsRoutes: readonly Route<MetricsContext>[] = [
  {
    method: 'GET',
    path: '/metrics',
    group: 'metrics',
    operationId: 'getMetrics',
    summary: 'What Prometheus scrapes; on its own port in production',
    isPage: true,
    responses: { 200: { description: 'Exposition text', mediaType: 'text/plain' } },
    handle: getMetrics,
  },
];

/** The routes of the API document: all but pages and the metrics port. */
export const documentedRoutes: readonly RouteRow[] = [...apiRoutes, ...probeRoutes, ...openRoutes].filter(
  (route) => route.isPage !== true,
);
