import type { IncomingMessage } from 'node:http';
import type { EventPost } from '../../../ingest/parse-event.ts';
import type { EventHeaders } from '../../../ingest/raw-event.ts';
import type { Exchange } from '../../exchange.ts';

/** What the parser needs of a request. */
export function readPost({ mediaType, request, body, receivedAt }: Exchange): EventPost {
  return { mediaType, headers: readHeaders(request), body, receivedAt };
}

/** Node joins a key that came twice with a comma: two keys would silently name a third event. */
function readHeaders(request: IncomingMessage): EventHeaders {
  const { headers } = request;
  // Only a key with a comma in it is worth a look at the headers one by one.
  if (headers['idempotency-key']?.includes(',') !== true) return headers;
  const keys = request.headersDistinct['idempotency-key'] ?? [];
  return keys.length === 1 ? headers : { ...headers, 'idempotency-key': keys };
}
