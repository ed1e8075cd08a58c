import { type IncomingHttpHeaders, type IncomingMessage, request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { AttemptOutcome } from '../../domain/outcome.ts';
import type { Fence } from '../provider.ts';

/** One HTTP request that may be written at most once. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The status line arrived. `body` is cut at 64 KiB and may be incomplete; the status alone is definite. */
export interface HttpReply {
  readonly kind: 'answered';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * How one HTTP exchange ended, as seen on the wire. `aborted`: the fence said no; `not-sent`: the connection had gone
 * before the first byte; `unknown`: the request was written, wholly or partly, and no status line came.
 */
export type HttpEnd = HttpReply | Extract<AttemptOutcome, { kind: 'aborted' | 'not-sent' | 'unknown' }>;

export interface HttpAttempt {
  readonly socket: Socket;
  readonly request: HttpRequest;
  readonly fence: Fence;
  readonly responseTimeoutMs: number;
}

const bodyBytesMax = 64 * 1024;

/**
 * One request over a connection in hand: no retry, no redirect, no second connection. The fence is asked for
 * both steps at one instant right before the write, because the first byte of a request cannot be told from
 * its last; from that instant on only a response shows that nothing happened.
 */
export function attemptHttp({ socket, request, fence, responseTimeoutMs }: HttpAttempt): Promise<HttpEnd> {
  return new Promise((resolve) => {
    if (!socket.writable) {
      resolve({
        kind: 'not-sent',
        code: 'connection-lost',
        detail: 'the connection closed before the request',
      });
      return;
    }
    if (fence.signal.aborted || !fence.mayWrite('envelope') || !fence.mayWrite('body')) {
      resolve({ kind: 'aborted', detail: 'stopped before the request' });
      return;
    }
    let phase: 'body' | 'answer' = 'body';
    let failure = 'connection closed';
    let result: IncomingMessage | undefined;
    const chunks: Buffer[] = [];
    socket.removeListener('data', closeOnUnsolicitedData);
    const outgoing = startRequest({
      createConnection: () => socket,
      method: request.method,
      path: `${request.url.pathname}${request.url.search}`,
      headers: { ...request.headers, host: request.url.host, connection: 'keep-alive' },
    });
    const timer = setTimeout(() => {
      failure = 'no answer in time';
      socket.destroy();
    }, responseTimeoutMs);
    outgoing.once('finish', () => {
      phase = 'answer';
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (failure === 'connection closed') failure = error.code ?? error.name;
    });
    outgoing.once('response', (incoming) => {
      result = incoming;
      collectBody(incoming, chunks);
    });
    // Comes last, whatever happened; only then is the socket free for the next request.
    outgoing.once('close', () => {
      clearTimeout(timer);
      socket.on('data', closeOnUnsolicitedData);
      resolve(result === undefined ? { kind: 'unknown', phase, detail: failure } : toReply(result, chunks));
    });
    outgoing.end(request.body);
  });
}

/**
 * Listens on an idle connection: data that a peer sends unasked (a 408 before it closes) would be
 * taken for the response to the next request.
 */
export function closeOnUnsolicitedData(this: Socket): void {
  this.destroy();
}

/** Collects at most 64 KiB; a longer response closes its connection. */
function collectBody(incoming: IncomingMessage, chunks: Buffer[]): void {
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bodyBytesMax) incoming.destroy();
  });
  incoming.on('error', () => undefined);
}

function toReply(result: IncomingMessage, chunks: readonly Buffer[]): HttpReply {
  const body = Buffer.concat(chunks).subarray(0, bodyBytesMax).toString('utf8');
  return { kind: 'answered', status: result.statusCode ?? 0, headers: result.headers, body };
}
