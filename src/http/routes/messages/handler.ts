import { ServiceError } from '../../../domain/errors.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { operatorOf, requireMessageId } from '../../operator.ts';
import { cancelOrderSchema, messagesQuerySchema } from '../../operator-requests.ts';
import { parseBody, parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

const noDraft = 'there is no such message, or nothing is left to send of it';

/** Messages by recipient, type, client, state and time. */
export async function getMessages(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.operator.searchMessages(parseQuery(exchange, messagesQuerySchema)));
}

/** What would be sent of a message that waits, is held, dead or unknown. */
export async function getMessageDraft(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const draft = await services.operator.draftMessage(requireMessageId(exchange, noDraft));
  if (draft === undefined) throw new ServiceError('not-found', noDraft);
  return replyJson(200, draft);
}

/** Cancels messages that wait for their turn; by default only tells what that would do. */
export async function postMessagesCancel(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, cancelOrderSchema);
  return replyJson(200, await services.operator.cancelWaiting(order, operatorOf(exchange)));
}
