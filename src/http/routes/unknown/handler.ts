import { ServiceError } from '../../../domain/errors.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { operatorOf, requireMessageId } from '../../operator.ts';
import { resolutionSchema, unknownQuerySchema } from '../../operator-requests.ts';
import { parseBody, parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

const noSuch = 'there is no message of this id';

/** A page of messages of which nobody knows whether they were sent. */
export async function getUnknowns(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.operator.listUnknowns(parseQuery(exchange, unknownQuerySchema)));
}

/** Ends the doubt about one of them, by a person's word. */
export async function postUnknown(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const id = requireMessageId(exchange, noSuch);
  const order = parseBody(exchange, resolutionSchema);
  const answer = await services.operator.resolveUnknown(id, order, operatorOf(exchange));
  if (answer.kind === 'not-found') throw new ServiceError('not-found', noSuch);
  if (answer.kind === 'conflict') {
    throw new ServiceError('state-conflict', `the message is ${answer.state}: there is no doubt about it`, {
      extra: { state: answer.state },
    });
  }
  return replyJson(200, { message_id: id, state: answer.state, request_id: exchange.requestId });
}
