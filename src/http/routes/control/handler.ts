import { ServiceError } from '../../../domain/errors.ts';
import { parseInstant } from '../../../domain/instant.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { operatorOf } from '../../operator.ts';
import {
  adoptionOrderSchema,
  consumersOrderSchema,
  ingestOrderSchema,
  loggedAttemptsSchema,
  sendOrderSchema,
  standingQuerySchema,
} from '../../operator-requests.ts';
import type { StaleEpoch } from '../../operator-services.ts';
import { parseBody, parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

/** Every switch, with its last change, and the environment that is its ceiling. */
export async function getControl(_exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.operator.readControl());
}

/** How the stop stands: what is still under way. */
export async function getControlSend(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const { scope } = parseQuery(exchange, standingQuerySchema);
  return replyJson(200, await services.operator.readSendStanding(scope));
}

/** Stops, and says so only when no permit can follow; or starts, for who saw the newest epoch. */
export async function putControlSend(exchange: Exchange, { services, nowMs }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, sendOrderSchema);
  if (order.until !== undefined && (parseInstant(order.until) ?? 0) <= nowMs()) {
    const faults = [{ pointer: '/until', detail: 'must be later than now' }];
    throw new ServiceError('invalid-request-data', 'the expiry has passed', { faults });
  }
  return replyUnlessStale(await services.operator.setSending(order, operatorOf(exchange)));
}

/** Pauses or resumes the intake of events. */
export async function putControlIngest(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, ingestOrderSchema);
  return replyUnlessStale(await services.operator.setIngest(order, operatorOf(exchange)));
}

/** Pauses or resumes workers, all or those of one queue. */
export async function putControlConsumers(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, consumersOrderSchema);
  return replyUnlessStale(await services.operator.setConsumers(order, operatorOf(exchange)));
}

/** Goes on with a store that went back in time, for who saw which one it is. */
export async function postAdoption(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, adoptionOrderSchema);
  const answer = await services.operator.adoptStore(order, operatorOf(exchange));
  if (!('kind' in answer)) return replyJson(200, answer);
  const detail =
    answer.kind === 'not-behind'
      ? 'the store is not behind anything that is known of it: there is nothing to adopt'
      : 'the store is not the one that you saw: read the switches again, then decide';
  throw new ServiceError('state-conflict', detail);
}

/** Marks as sent what the workers' logs say was sent. */
export async function postLoggedAttempts(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, loggedAttemptsSchema);
  return replyJson(200, await services.operator.markSent(order, operatorOf(exchange)));
}

function replyUnlessStale(answer: object | StaleEpoch): Reply {
  if (!isStale(answer)) return replyJson(200, answer);
  throw new ServiceError('state-conflict', 'the switches have changed since: read them again, then decide', {
    extra: { epoch: answer.epoch },
  });
}

function isStale(answer: object | StaleEpoch): answer is StaleEpoch {
  return 'kind' in answer && answer.kind === 'stale-epoch';
}
