import { ServiceError } from '../../../domain/errors.ts';
import { parseMessageId } from '../../../domain/ids.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { ownerOf } from '../../owner.ts';
import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

/** The message with its attempts and history, address masked; 404 also when it is another client's. */
export async function getMessage(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const id = parseMessageId(exchange.params['id'] ?? '');
  const message = id === undefined ? undefined : await services.readMessage(id, ownerOf(exchange));
  if (message === undefined)
    throw new ServiceError('not-found', 'there is no such message, or it belongs to another client');
  return replyJson(200, message);
}
