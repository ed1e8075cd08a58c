import type { Operation, Requester } from '../../operator/operation.ts';
import { type OperatorDeps, operations } from '../../operator/operations.ts';
import type { ApiContext } from '../context.ts';
import { type Exchange, requireCaller } from '../exchange.ts';
import { parseBody, parseQuery } from '../parse-input.ts';
import { type Route, replyJson } from '../route.ts';

const bodyBytesMax = 1024 * 1024;

/** A route for each operation of the operators' API. */
export const operationRoutes: readonly Route<ApiContext>[] = operations.map(toRoute);

function toRoute(operation: Operation<OperatorDeps>): Route<ApiContext> {
  const { query, body, response, responseText, command: _command, run: _run, ...row } = operation;
  return {
    ...row,
    group: 'api',
    ...(query === undefined ? {} : { query }),
    ...(body === undefined
      ? {}
      : { body: { bytesMax: bodyBytesMax, mediaTypes: ['application/json'], schema: body } }),
    responses: { 200: { description: responseText, schema: response } },
    handle: async (exchange, { services }) => {
      const result = await services.perform(operation, {
        id: exchange.params['id'] ?? '',
        query: query === undefined ? undefined : parseQuery(exchange, query),
        body: body === undefined ? undefined : parseBody(exchange, body),
        by: requesterOf(exchange),
      });
      return replyJson(200, result);
    },
  };
}

/** A client sees its own; an administrator sees everybody's. */
function requesterOf(exchange: Exchange): Requester {
  const { clientId, scopes } = requireCaller(exchange);
  return { clientId, requestId: exchange.requestId, owner: scopes.has('notify.admin') ? 'any' : clientId };
}
