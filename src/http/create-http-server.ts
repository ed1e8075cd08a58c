import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { answerBrokenRequest, answerConnect } from './answer-broken-request.ts';
import { boundConnections, type ClosedWhy, type ConnectionTracker } from './bound-connections.ts';
import type { HttpApp } from './create-app.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes any free port; `url` tells which. */
  readonly port: number;
  /** Name in logs and in the faults of `stop`. */
  readonly name?: string;
  /** Most connections at a time; a few thousand by default. What they cost is bounded: `boundConnections`. */
  readonly connectionsMax?: number;
  /** Told of each connection that was closed because there were too many, or its peer did not read. */
  readonly onConnectionClosed?: (why: ClosedWhy) => void;
}

export interface HttpServer {
  readonly name: string;
  /** Resolves when it listens; rejects when the port cannot be had. */
  start(): Promise<void>;
  /**
   * Stops accepting, lets requests under way end, and closes every connection. What is not done at the deadline
   * is cut, and the promise rejects with the number of requests that were.
   */
  stop(deadlineMs: number): Promise<void>;
  /** Only after `start`: `http://127.0.0.1:3000`. */
  readonly url: string;
}

/** Serves an app on one port, and answers also what Node would answer alone (broken requests) with our headers. */
export function createHttpServer(app: HttpApp, options: HttpServerOptions): HttpServer {
  const handle: RequestListener = (request, response) => {
    connections.follow(request.socket, response);
    app.handle(request, response);
  };
  const server = createServer(serverOptions, handle);
  const connections = boundConnections(server, {
    connectionsMax: options.connectionsMax ?? connectionsMax,
    isOfClient: app.isOfClient,
    onClose: (why) => options.onConnectionClosed?.(why),
  });
  server.keepAliveTimeout = keepAliveMs;
  // A body is asked for by the pipeline, once it is known who sends it; Node would ask anybody for it.
  server.on('checkContinue', handle);
  // We leave any other expectation unmet, as RFC 9110 §10.1.1 allows, instead of Node's bare 417.
  server.on('checkExpectation', handle);
  server.on('clientError', answerBrokenRequest(app.baseUrl));
  server.on('connect', answerConnect(app.baseUrl));
  const name = options.name ?? 'http';
  return {
    name,
    async start() {
      server.listen(options.port, options.host);
      await once(server, 'listening');
    },
    async stop(deadlineMs) {
      app.drain.close();
      if (!server.listening) return;
      const isDone = await closeWithin(server, deadlineMs, connections);
      if (!isDone)
        throw new Error(`${name}: ${connections.awaited()} requests were cut after ${deadlineMs} ms`);
    },
    get url() {
      return readUrl(server, name);
    },
  };
}

/** About 20 KB each. Upstream services, load balancers and probes together need a small part of them. */
const connectionsMax = 2_000;

/**
 * Longer than the 60 s of the usual load balancers, so that it is never us who close a connection they just
 * chose.
 */
const keepAliveMs = 65_000;

const serverOptions = {
  // A request that trickles in holds a connection: whole headers within 10 s, the whole request within 30 s.
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
  // Node's own refusal would lack our headers; a step of the pipeline refuses instead.
  requireHostHeader: false,
} as const;

/** Once we owe nothing more, peers have this long to read what they were given. */
const readingMsMax = 1_000;

/**
 * True when every answer under way was given in time. Idle connections are closed as they fall idle; once no
 * answer is awaited, what is left are connections on which a request never fully arrived, for which nobody waits, and
 * answers that a peer is slow to read: a process does not stay because of either.
 */
async function closeWithin(server: Server, deadlineMs: number, answers: ConnectionTracker): Promise<boolean> {
  const closed = new Promise<boolean>((resolve) => server.close(() => resolve(true)));
  let quietAtMs: number | undefined;
  const sweep = setInterval(() => {
    if (answers.awaited() > 0) {
      server.closeIdleConnections();
      return;
    }
    quietAtMs ??= performance.now();
    const isRead = answers.unread() === 0 || performance.now() - quietAtMs > readingMsMax;
    if (isRead) server.closeAllConnections();
    else server.closeIdleConnections();
  }, 20);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  const isDone = await Promise.race([closed, late]);
  clearInterval(sweep);
  clearTimeout(timer);
  if (!isDone) server.closeAllConnections();
  return isDone || answers.awaited() === 0;
}

function readUrl(server: Server, name: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error(`${name} does not listen; start it first`);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
