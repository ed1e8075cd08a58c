import { ServiceError } from '../../../domain/errors.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { operatorOf } from '../../operator.ts';
import {
  suppressionRemovalSchema,
  suppressionsOrderSchema,
  suppressionsQuerySchema,
} from '../../operator-requests.ts';
import { parseBody, parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

/** A page of suppressions: hashes and masks, never an address. */
export async function getSuppressions(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const query = parseQuery(exchange, suppressionsQuerySchema);
  return replyJson(200, await services.operator.listSuppressions(query));
}

/** Suppresses addresses. Good entries count also when others have faults. */
export async function postSuppressions(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, suppressionsOrderSchema);
  return replyJson(200, await services.operator.addSuppressions(order, operatorOf(exchange)));
}

/** Lets an address be written to again. */
export async function postSuppressionsRemove(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, suppressionRemovalSchema);
  const answer = await services.operator.removeSuppression(order, operatorOf(exchange));
  if ('pointer' in answer)
    throw new ServiceError('invalid-request-data', 'the address is not valid', { faults: [answer] });
  return replyJson(200, answer);
}
