import type { RequestListener, ServerResponse } from 'node:http';
import type { ErrorRequestHandler, Express, RequestHandler, Response } from 'express';
import express from 'express';
import { ServiceError } from '../domain/errors.ts';
import type { Drain } from './drain.ts';
import type { Exchange } from './exchange.ts';
import { openExchange } from './exchange.ts';
import { authenticate } from './pipeline/authenticate.ts';
import { commonSteps, readRequestId, stepsOf } from './pipeline.ts';
import type { Route } from './route.ts';
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
 * Express, no header of its, no stack trace.
 */
export function createApp<C extends StepContext>(routes: readonly Route<C>[], context: C): HttpApp {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('query parser', false);
  app.use(admitRequest(context));
  mountRoutes(app, routes, context);
  app.use(
    refuse(
      context,
      () => new ServiceError('not-found', 'no such path; see /openapi.json for those there are'),
    ),
  );
  app.use(answerFault(context));
  return {
    handle: (request, response) => void app(request, response),
    drain: context.drain,
    baseUrl: context.baseUrl,
    isOfClient: (response) => exchanges.get(response)?.verdict?.kind === 'verified',
  };
}

/** Path by path in table order, so that `/api/events/batch` is never taken for an id; what a path does not offer is 405. */
function mountRoutes<C extends StepContext>(app: Express, routes: readonly Route<C>[], context: C): void {
  const verbs = { GET: 'get', POST: 'post', PUT: 'put', DELETE: 'delete' } as const;
  for (const path of new Set(routes.map((route) => route.path))) {
    const rows = routes.filter((route) => route.path === path);
    const place = app.route(path);
    for (const row of rows) place[verbs[row.method]](runRoute(row, context));
    place.all(
      refuseMethod(
        rows.map((row) => row.method),
        context,
      ),
    );
  }
}

function admitRequest(context: StepContext): RequestHandler {
  return async (request, response, next) => {
    const requestId = readRequestId(request.headers['x-request-id']) ?? context.createRequestId();
    const exchange = openExchange(request, response, { requestId, receivedAt: context.nowMs() });
    exchanges.set(response, exchange);
    await runSteps(commonSteps, exchange, context);
    next();
  };
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

function refuseMethod(methods: readonly string[], context: StepContext): RequestHandler {
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return refuse(context, (response) => {
    response.setHeader('Allow', allow);
    return new ServiceError('method-not-allowed', `this path offers ${allow}`);
  });
}

/** Answers an error; but under `/api` a stranger learns nothing, not even what is not there. */
function refuse(context: StepContext, error: (response: Response) => ServiceError): RequestHandler {
  return async (request, response) => {
    const exchange = exchangeOf(response);
    try {
      if (/^\/api(?:\/|$)/.test(request.path)) await authenticate(exchange, context);
      sendFault(exchange, error(response), context);
    } catch (thrown) {
      sendFault(exchange, thrown, context);
    }
  };
}

/** Errors of the router itself, such as a path that is not percent-encoded UTF-8. */
function answerFault(context: StepContext): ErrorRequestHandler {
  return (thrown: unknown, _request, response, _next) => {
    const isBadUrl = thrown instanceof URIError;
    const error = isBadUrl
      ? new ServiceError('malformed-request', 'the path is not percent-encoded UTF-8')
      : thrown;
    sendFault(exchangeOf(response), error, context);
  };
}

const exchanges = new WeakMap<ServerResponse, Exchange>();

function exchangeOf(response: ServerResponse): Exchange {
  const exchange = exchanges.get(response);
  if (exchange === undefined) throw new Error('a response without an exchange');
  return exchange;
}
