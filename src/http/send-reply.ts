import type { Exchange } from './exchange.ts';
import { tellEnd } from './pipeline/watch-request.ts';
import { replyProblem, toServiceError } from './problem.ts';
import type { Reply } from './route.ts';
import type { StepContext } from './step.ts';

/** Writes the response once; while the process closes, its connection ends with it. */
export function sendReply(exchange: Exchange, reply: Reply, { drain, services }: StepContext): void {
  const headers = { ...exchange.headers };
  // 304 has no body, and must not tell a length that the document has not (RFC 9110 §8.6).
  if (reply.status !== 304) {
    headers['Content-Type'] = reply.mediaType;
    headers['Content-Length'] = String(Buffer.byteLength(reply.text));
  }
  if (reply.headers['Cache-Control'] === undefined) headers['Cache-Control'] = 'no-store';
  Object.assign(headers, reply.headers);
  if (drain.phase === 'closing') headers['Connection'] = 'close';
  exchange.response.writeHead(reply.status, headers).end(reply.text);
  tellEnd(exchange, services, { aborted: false });
}

/** Answers a thrown thing as a problem; when a response has already begun, cuts it rather than mixing two. */
export function sendFault(exchange: Exchange, thrown: unknown, context: StepContext): void {
  const { request, response, requestId } = exchange;
  const fault = toServiceError(thrown);
  exchange.code = fault.code;
  if (fault.row.status >= 500) exchange.error = thrown;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const instance = readPath(request.url);
  sendReply(exchange, replyProblem(fault, { requestId, baseUrl: context.baseUrl, instance }), context);
}

/** The path without its query, at a length that suits a response. */
export function readPath(url: string | undefined): string {
  return (url ?? '/').split('?', 1).join('').slice(0, 200);
}
