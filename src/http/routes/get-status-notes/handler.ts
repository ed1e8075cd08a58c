import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { incidentsQuerySchema } from '../../operator-requests.ts';
import { parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

/** The status notes of the last days, the newest first, and whether each one was posted. */
export async function getStatusNotes(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const { limit } = parseQuery(exchange, incidentsQuerySchema);
  return replyJson(200, await services.guard.listStatusNotes(limit));
}
