import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { operatorOf } from '../../operator.ts';
import { deadOrderSchema, deadQuerySchema } from '../../operator-requests.ts';
import { parseBody, parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

/** A page of what was given up: messages, and events that could not be planned. */
export async function getDeadLetters(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.operator.listDeadLetters(parseQuery(exchange, deadQuerySchema)));
}

/** Queues dead letters once more; by default only tells what that would do. */
export async function postDeadLettersReplay(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, deadOrderSchema);
  return replyJson(200, await services.operator.replayDeadLetters(order, operatorOf(exchange)));
}

/** Ends dead letters for good; by default only tells what that would do. */
export async function postDeadLettersDiscard(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, deadOrderSchema);
  return replyJson(200, await services.operator.discardDeadLetters(order, operatorOf(exchange)));
}
