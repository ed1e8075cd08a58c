import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../domain/errors.ts';
import { ServiceError } from '../domain/errors.ts';
import { replyProblem } from './problem.ts';
import { securityHeaders } from './security-headers.ts';

/**
 * A request that Node cannot parse never reaches the app. It gets a problem with the six headers all the same,
 * written to the socket by hand, and the connection ends: what follows on it cannot be trusted (request
 * smuggling).
 */
export function answerBrokenRequest(baseUrl: string) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [code, detail] =
      faults[error.code ?? ''] ?? (['malformed-request', 'this is not valid HTTP'] as const);
    writeProblem(socket, new ServiceError(code, detail), baseUrl);
  };
}

/** We are no proxy. Node would close the connection without a word. */
export function answerConnect(baseUrl: string) {
  return (_request: IncomingMessage, socket: Duplex): void => {
    writeProblem(socket, new ServiceError('method-not-allowed', 'CONNECT is not offered here'), baseUrl, {
      Allow: 'GET, HEAD, POST, DELETE',
    });
  };
}

const faults: Readonly<Record<string, readonly [ErrorCode, string]>> = {
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
