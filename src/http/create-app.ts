import type { RequestListener, ServerResponse } from 'node:http';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { ServiceError } from '../domain/errors.ts';
import type { Drain } from './drain.ts';
import type { Exchange } from './exchange.ts';
import { openExchange } from './exchange.ts';
import { authenticate } from './pipeline/authenticate.ts';
import { commonSteps, readRequestId, stepsOf } from './pipeline.ts';
import type { Route } from './route.ts';
import type { RouteRow } from './route-row.ts';
import { sendFault, sendReply } from './send-reply.ts';
import type { StepContext } from './step.ts';
import { runSteps } from './step.ts';

/** An app that can be served, and the switch that says where its process stands. */
export interface HttpApp {
  readonly handle: RequestListener;
  readonly drain: Drain;
  readonly baseUrl: string;
  /** Whether this response goes, or went, to a verified client. */
  readonly isOfClient: (response: ServerResponse) => boolean;
}

/**
 * An app of these routes in which every response, of whatever error, passed the common steps and is ours: no page of
 * Express, no header of its, no stack trace. Of Express it is the router alone: an app of Express would give each
 * request and each response another prototype, for methods that nobody calls here, and V8 would know neither any more.
 */
export function createApp<C extends StepContext>(routes: readonly Route<C>[], context: C): HttpApp {
  const router = Router({ caseSensitive: true, strict: true });
  mountRoutes(router, routes, context);
  router.all(/^\/api(?:\/|$)/, refuse(context, unknownPath));
  return {
    handle: (request, response) => {
      const exchange = openExchange(request, response, {
        requestId: readRequestId(request.headers['x-request-id']) ?? context.createRequestId(),
        receivedAt: context.nowMs(),
      });
      response.exchange = exchange;
      try {
        for (const step of commonSteps) step(exchange, context);
        // The router reads method and URL, which every request has.
        router(request as Request, response as Response, (fault: unknown) =>
          sendFault(exchange, toUnrouted(fault), context),
        );
      } catch (thrown) {
        sendFault(exchange, thrown, context);
      }
    },
    drain: context.drain,
    baseUrl: context.baseUrl,
    isOfClient: (response) => response.exchange?.verdict?.kind === 'verified',
  };
}

/** Path by path in table order, so that `/api/events/batch` is never taken for an id; what a path does not offer is 405. */
function mountRoutes<C extends StepContext>(router: Router, routes: readonly Route<C>[], context: C): void {
  const verbs = { GET: 'get', POST: 'post', PUT: 'put', DELETE: 'delete' } as const;
  for (const path of new Set(routes.map((route) => route.path))) {
    const rows = routes.filter((route) => route.path === path);
    const place = router.route(path);
    for (const row of rows) place[verbs[row.method]](runRoute(row, context));
    place.all(refuseMethod(rows, context));
  }
}

function runRoute<C extends StepContext>(route: Route<C>, context: C): RequestHandler {
  const steps = stepsOf(route.group);
  return async (request, response) => {
    const exchange = exchangeOf(response);
    exchange.route = route;
    exchange.params = request.params as Readonly<Record<string, string>>;
    try {
      await runSteps(steps, exchange, context);
      sendReply(exchange, await route.handle(exchange, context), context);
    } catch (thrown) {
      sendFault(exchange, thrown, context);
    }
  };
}

function refuseMethod(rows: readonly RouteRow[], context: StepContext): RequestHandler {
  const allow = rows.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  const error = ({ headers }: Exchange): ServiceError => {
    headers['Allow'] = allow;
    return new ServiceError('method-not-allowed', `this path offers ${allow}`);
  };
  if (rows.some(({ group }) => group === 'api')) return refuse(context, error);
  return (_request, response) => {
    const exchange = exchangeOf(response);
    sendFault(exchange, error(exchange), context);
  };
}

/** Answers an error to whom we know; under `/api` a stranger learns nothing, not even what is not there. */
function refuse(context: StepContext, error: (exchange: Exchange) => ServiceError): RequestHandler {
  return async (_request, response) => {
    const exchange = exchangeOf(response);
    try {
      await authenticate(exchange, context);
      sendFault(exchange, error(exchange), context);
    } catch (thrown) {
      sendFault(exchange, thrown, context);
    }
  };
}

/** Nothing took the request, or the router itself failed, as it does on a path that is not percent-encoded UTF-8. */
function toUnrouted(fault: unknown): unknown {
  if (fault instanceof URIError)
    return new ServiceError('malformed-request', 'the path is not percent-encoded UTF-8');
  return fault ?? unknownPath();
}

function unknownPath(): ServiceError {
  return new ServiceError('not-found', 'no such path; see /openapi.json for those there are');
}

function exchangeOf({ exchange }: Response): Exchange {
  if (exchange === undefined) throw new Error('a response without an exchange');
  return exchange;
}
