import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** Sends JSON, never cached. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, {
    type: 'application/json; charset=utf-8',
    body: `${JSON.stringify(body, null, 2)}\n`,
  });
}

/** Sends an RFC 9457 problem document. */
export function sendProblem(
  response: ServerResponse,
  status: number,
  problem: { code: string; title: string },
): void {
  const body = JSON.stringify({ type: 'about:blank', status, ...problem });
  sendText(response, status, { type: 'application/problem+json', body });
}

/** Sends any text, never cached, with sniffing of the content type switched off. */
export function sendText(
  response: ServerResponse,
  status: number,
  content: { type: string; body: string },
): void {
  response.writeHead(status, {
    'content-type': content.type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(content.body);
}

/** The whole body as text. Loopback and development only: a local caller is trusted with its size. */
export function readRequestBody(request: IncomingMessage): Promise<string> {
  return text(request);
}
