import { ServiceError } from '../../../domain/errors.ts';
import { parseMessageId } from '../../../domain/ids.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { requireCaller } from '../../exchange.ts';
import { ownerOf } from '../../owner.ts';
import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

/** Cancels what has not left. What has left, or is leaving, is 409 with its state. */
export async function cancelMessage(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const id = parseMessageId(exchange.params['id'] ?? '');
  if (id === undefined)
    throw new ServiceError('not-found', 'there is no such message, or it belongs to another client');
  const answer = await services.cancelMessage(id, ownerOf(exchange), requireCaller(exchange).clientId);
  if (answer.kind === 'cancelled') {
    return replyJson(200, { message_id: id, state: 'cancelled', request_id: exchange.requestId });
  }
  if (answer.kind === 'not-found')
    throw new ServiceError('not-found', 'there is no such message, or it belongs to another client');
  throw new ServiceError('state-conflict', `the message is ${answer.state}: it can no longer be cancelled`, {
    extra: { state: answer.state },
  });
}
