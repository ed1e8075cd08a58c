import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, ServiceError } from '../domain/errors.ts';
import { boundConnections, type ClosedWhy, type ConnectionTracker } from './bound-connections.ts';
import type { HttpApp } from './create-app.ts';
import { replyProblem } from './problem.ts';
import { securityHeaders } from './security-headers.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes any free port; `url` tells which. */
  readonly port: number;
  /** Name in logs and in the errors of `stop`. */
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
 * True when every response under way was given in time. Idle connections are closed as they fall idle; once no
 * answer is awaited, what is left are connections on which a request never fully arrived, for which nobody waits, and
 * answers that a peer is slow to read: a process does not stay because of either.
 */
async function closeWithin(
  server: Server,
  deadlineMs: number,
  responses: ConnectionTracker,
): Promise<boolean> {
  const closed = new Promise<boolean>((resolve) => server.close(() => resolve(true)));
  let quietAtMs: number | undefined;
  const sweep = setInterval(() => {
    if (responses.awaited() > 0) {
      server.closeIdleConnections();
      return;
    }
    quietAtMs ??= performance.now();
    const isRead = responses.unread() === 0 || performance.now() - quietAtMs > readingMsMax;
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
  return isDone || responses.awaited() === 0;
}

function readUrl(server: Server, name: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error(`${name} does not listen; start it first`);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/**
 * A request that Node cannot parse never reaches the app. It gets a problem with the six headers all the same,
 * written to the socket by hand, and the connection ends: what follows on it cannot be trusted (request
 * smuggling).
 */
function answerBrokenRequest(baseUrl: string) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [code, detail] =
      errors[error.code ?? ''] ?? (['malformed-request', 'this is not valid HTTP'] as const);
    writeProblem(socket, new ServiceError(code, detail), baseUrl);
  };
}

/** We are no proxy. Node would close the connection without a word. */
function answerConnect(baseUrl: string) {
  return (_request: IncomingMessage, socket: Duplex): void => {
    writeProblem(socket, new ServiceError('method-not-allowed', 'CONNECT is not offered here'), baseUrl, {
      Allow: 'GET, HEAD, POST, DELETE',
    });
  };
}

const errors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'all header fields together may have 16 KiB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['body-too-large', 'the chunk extensions are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'the request did not arrive in time'],
};

function writeProblem(
  socket: Duplex,
  fault: ServiceError,
  baseUrl: string,
  extra: Readonly<Record<string, string>> = {},
): void {
  const requestId = randomUUID();
  const reply = replyProblem(fault, { requestId, baseUrl });
  const headers = {
    ...securityHeaders,
    'X-Request-ID': requestId,
    'Content-Type': reply.mediaType,
    'Content-Length': String(Buffer.byteLength(reply.text)),
    Date: new Date().toUTCString(),
    Connection: 'close',
    ...reply.headers,
    ...extra,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${reply.text}`,
  );
}
