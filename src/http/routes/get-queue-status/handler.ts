import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

/** Depth and age of the queues, and how many messages stand in each state. */
export async function getQueueStatus(_exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.readQueueStatus());
}
