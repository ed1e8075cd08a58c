import { ServiceError } from '../../../domain/errors.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { operatorOf } from '../../operator.ts';
import { incidentReleaseSchema, incidentsQuerySchema } from '../../operator-requests.ts';
import { parseBody, parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

const noSuch = 'there is no incident of this id';

/** How each rollback trigger stands, and whether anybody watches at all. */
export async function getTriggers(_exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.guard.readTriggers());
}

/** Each objective with its target, what was measured, and what is left of its budget. */
export async function getSlo(_exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.guard.readSlos());
}

export async function getIncidents(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const { limit } = parseQuery(exchange, incidentsQuerySchema);
  return replyJson(200, await services.guard.listIncidents(limit));
}

export async function getIncident(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const incident = await services.guard.readIncident(exchange.params['id'] ?? '');
  if (incident === undefined) throw new ServiceError('not-found', noSuch);
  return replyJson(200, incident);
}

/** A person ends an incident. It starts nothing; the answer says what is still stopped. */
export async function postIncidentRelease(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const order = parseBody(exchange, incidentReleaseSchema);
  const id = exchange.params['id'] ?? '';
  const answer = await services.guard.releaseIncident(id, order, operatorOf(exchange));
  if (answer === 'not-found') throw new ServiceError('not-found', noSuch);
  if (answer === 'not-open') throw new ServiceError('state-conflict', 'the incident is released already');
  return replyJson(200, answer);
}
