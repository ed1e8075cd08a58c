import { ServiceError } from '../../../domain/errors.ts';
import { parseEventId } from '../../../domain/ids.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { ownerOf } from '../../owner.ts';
import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

/** The event with its messages and history; 404 also when it is another client's. */
export async function getEvent(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const id = parseEventId(exchange.params['id'] ?? '');
  const event = id === undefined ? undefined : await services.readEvent(id, ownerOf(exchange));
  if (event === undefined)
    throw new ServiceError('not-found', 'there is no such event, or it belongs to another client');
  return replyJson(200, event);
}
