import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** Answers with JSON and nothing cached. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  answerText(response, status, {
    type: 'application/json; charset=utf-8',
    body: `${JSON.stringify(body, null, 2)}\n`,
  });
}

/** Answers with an RFC 9457 problem document. */
export function answerProblem(
  response: ServerResponse,
  status: number,
  problem: { code: string; title: string },
): void {
  const body = JSON.stringify({ type: 'about:blank', status, ...problem });
  answerText(response, status, { type: 'application/problem+json', body });
}

/** Answers with any text. `content-type` is never guessed by the browser. */
export function answerText(
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
