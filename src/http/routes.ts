import { batchMediaTypes, singleMediaTypes } from '../ingest/parse-event.ts';
import type { ApiContext, MetricsContext, ProbeContext } from './context.ts';
import { operatorRoutes } from './operator-routes.ts';
import type { Route } from './route.ts';
import type { RouteRow } from './route-row.ts';
import { cancelMessage } from './routes/cancel-message/handler.ts';
import { getCanary } from './routes/get-canary/handler.ts';
import { getDocument, getProblemPage } from './routes/get-document/handler.ts';
import { getEvent } from './routes/get-event/handler.ts';
import { getHealth } from './routes/get-health/handler.ts';
import { getLivez } from './routes/get-livez/handler.ts';
import { getMessage } from './routes/get-message/handler.ts';
import { getMetrics } from './routes/get-metrics/handler.ts';
import { getProvidersHealth } from './routes/get-providers-health/handler.ts';
import { getQueueStatus } from './routes/get-queue-status/handler.ts';
import { getReadyz } from './routes/get-readyz/handler.ts';
import { getSendStatus } from './routes/get-send-status/handler.ts';
import { postEvent } from './routes/post-event/handler.ts';
import { postEventBatch } from './routes/post-event-batch/handler.ts';

/** Every route there is. Paths are matched in this order: a fixed path stands before one with a parameter. */
export const apiRoutes: readonly Route<ApiContext>[] = [
  {
    method: 'POST',
    path: '/api/events',
    group: 'api',
    scope: 'notify.send',
    takesUnjudged: true,
    takesEvents: true,
    operationId: 'postEvent',
    summary: 'Take one event',
    description:
      'Answers 202 once the event is on disk. Every event needs an identity, in one of three forms: an Idempotency-Key header, ' +
      'idempotency_key in the body, or an id (with source) in an envelope or CloudEvent. Flat, envelope or CloudEvents 1.0 (structured or binary): three shapes, one meaning. ' +
      'The same identity and body again get the first answer with `Idempotency-Replayed: true`; another body gets 409.',
    body: { bytesMax: 256 * 1024, mediaTypes: singleMediaTypes },
    answers: {
      202: { description: 'On disk', schema: 'Receipt', headers: ['Location', 'Idempotency-Replayed'] },
    },
    problems: [409],
    handle: postEvent,
  },
  {
    method: 'POST',
    path: '/api/events/batch',
    group: 'api',
    scope: 'notify.send',
    takesUnjudged: true,
    takesEvents: true,
    operationId: 'postEventBatch',
    summary: 'Take 1 to 500 events',
    description:
      'Each item stands for itself, and carries its identity itself: idempotency_key, or an id (with source). 202 when one item or more is on disk, with a result for each, in order. When nothing is, ' +
      'the answer is a problem (422, or 503 when trying again helps) that carries the same `results`.',
    body: { bytesMax: 1024 * 1024, mediaTypes: batchMediaTypes },
    answers: { 202: { description: 'One item or more is on disk', schema: 'BatchReceipt' } },
    handle: postEventBatch,
  },
  ...operatorRoutes,
  {
    method: 'GET',
    path: '/api/events/:id',
    group: 'api',
    scope: 'notify.read',
    operationId: 'getEvent',
    summary: 'See an event and what became of it',
    answers: { 200: { description: 'The event', schema: 'Event' } },
    problems: [404],
    handle: getEvent,
  },
  {
    method: 'GET',
    path: '/api/messages/:id',
    group: 'api',
    scope: 'notify.read',
    operationId: 'getMessage',
    summary: 'See a message and its attempts',
    answers: { 200: { description: 'The message', schema: 'Message' } },
    problems: [404],
    handle: getMessage,
  },
  {
    method: 'DELETE',
    path: '/api/messages/:id',
    group: 'api',
    scope: 'notify.send',
    operationId: 'cancelMessage',
    summary: 'Cancel a message that has not left',
    answers: { 200: { description: 'It will not leave', schema: 'Cancellation' } },
    problems: [404, 409],
    handle: cancelMessage,
  },
  {
    method: 'GET',
    path: '/api/queue/status',
    group: 'api',
    scope: 'notify.read',
    operationId: 'getQueueStatus',
    summary: 'Depth of the queues, messages by state',
    answers: { 200: { description: 'The queues', schema: 'QueueStatus' } },
    handle: getQueueStatus,
  },
  {
    method: 'GET',
    path: '/api/send/status',
    group: 'api',
    scope: 'notify.read',
    operationId: 'getSendStatus',
    summary: 'Do messages leave now?',
    answers: { 200: { description: 'The gate', schema: 'SendStatus' } },
    handle: getSendStatus,
  },
  {
    method: 'GET',
    path: '/api/providers/health',
    group: 'api',
    scope: 'notify.read',
    operationId: 'getProvidersHealth',
    summary: 'How the providers are, asked without sending',
    answers: { 200: { description: 'The providers', schema: 'ProvidersHealth' } },
    handle: getProvidersHealth,
  },
];

export const probeRoutes: readonly Route<ProbeContext>[] = [
  {
    method: 'GET',
    path: '/livez',
    group: 'open',
    operationId: 'getLivez',
    summary: 'Does the process live?',
    answers: { 200: { description: 'It does', schema: 'Liveness' } },
    handle: getLivez,
  },
  {
    method: 'GET',
    path: '/readyz',
    group: 'open',
    operationId: 'getReadyz',
    summary: 'Can it take events? `?verbose` tells why not',
    answers: {
      200: { description: 'It can', schema: 'Readiness' },
      503: { description: 'It cannot: the store, or it is on its way out', schema: 'Readiness' },
    },
    handle: getReadyz,
  },
  {
    method: 'GET',
    path: '/health',
    group: 'open',
    operationId: 'getHealth',
    summary: 'Each dependency: pass, warn or fail',
    answers: {
      200: { description: 'pass or warn', schema: 'Health', mediaType: 'application/health+json' },
      503: { description: 'fail', schema: 'Health', mediaType: 'application/health+json' },
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
    answers: { 200: { description: 'Eight keys, measured', schema: 'Canary' } },
    handle: getCanary,
  },
  {
    method: 'GET',
    path: '/openapi.json',
    group: 'open',
    operationId: 'getOpenApi',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1', mediaType: 'application/json' }, 304: notModified },
    handle: getDocument('openapi'),
  },
  {
    method: 'GET',
    path: '/problems/:code',
    group: 'open',
    operationId: 'getProblemPage',
    summary: 'What a problem means and what to do about it',
    answers: { 200: { description: 'A page', mediaType: 'text/html' }, 304: notModified },
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
      answers: { 200: { description: 'A page or a part of one', mediaType: '*/*' } },
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
    answers: { 200: { description: 'Exposition text', mediaType: 'text/plain' } },
    handle: getMetrics,
  },
];

/** The routes of the API document: all but pages and the metrics port. */
export const documentedRoutes: readonly RouteRow[] = [...apiRoutes, ...probeRoutes, ...openRoutes].filter(
  (route) => route.isPage !== true,
);
