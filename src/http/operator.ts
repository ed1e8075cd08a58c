import { ServiceError } from '../domain/errors.ts';
import { type MessageId, parseMessageId } from '../domain/ids.ts';
import { type Exchange, requireCaller } from './exchange.ts';
import type { Operator } from './operator-services.ts';

/** Who asks, for the audit. */
export function operatorOf(exchange: Exchange): Operator {
  return { clientId: requireCaller(exchange).clientId, requestId: exchange.requestId };
}

/**
 * The message that the path names.
 *
 * @throws ServiceError `not-found` with `detail`
 */
export function requireMessageId(exchange: Exchange, detail: string): MessageId {
  const id = parseMessageId(exchange.params['id'] ?? '');
  if (id === undefined) throw new ServiceError('not-found', detail);
  return id;
}
