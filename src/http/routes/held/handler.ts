import { ServiceError } from '../../../domain/errors.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { operatorOf, requireMessageId } from '../../operator.ts';
import { discardOrderSchema, heldQuerySchema, releaseOrderSchema } from '../../operator-requests.ts';
import { parseBody, parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

const notHeld = 'no message of this id is held';

/** A page of held messages, and how many are held for each reason. */
export async function getHeldList(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.operator.listHeld(parseQuery(exchange, heldQuerySchema)));
}

/** One held message with the draft that would be sent. */
export async function getHeldMessage(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const message = await services.operator.readHeld(requireMessageId(exchange, notHeld));
  if (message === undefined) throw new ServiceError('not-found', notHeld);
  return replyJson(200, message);
}

/** Puts held messages back in the queue; by default only tells what that would do. */
export async function postHeldRelease(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, releaseOrderSchema);
  return replyJson(200, await services.operator.releaseHeld(order, operatorOf(exchange)));
}

/** Ends held messages for good; by default only tells what that would do. */
export async function postHeldDiscard(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, discardOrderSchema);
  return replyJson(200, await services.operator.discardHeld(order, operatorOf(exchange)));
}
