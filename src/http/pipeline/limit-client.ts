import { ServiceError } from '../../domain/errors.ts';
import type { ClientLimit, LimitResult } from '../../ingest/limit-clients.ts';
import type { Exchange } from '../exchange.ts';
import type { Step } from '../step.ts';

/**
 * One request costs one of the client's allowance. A batch costs one an item: its handler takes the rest. What
 * operators do is free: no flood may ever stand between a person and the stop.
 */
export const limitClient: Step = (exchange, { services }) => {
  if (services.clientLimit === undefined || exchange.route?.scope === 'notify.admin') return undefined;
  return takeAllowance(exchange, services.clientLimit, 1);
};

/**
 * Takes `cost` from the client's allowance and tells what is left in `RateLimit` headers
 * (draft-ietf-httpapi-ratelimit-headers-10).
 *
 * @throws ServiceError `rate-limited` (429)
 */
export function takeAllowance(
  exchange: Exchange,
  clientLimit: ClientLimit | undefined,
  cost: number,
): void | Promise<void> {
  if (clientLimit === undefined || exchange.verdict?.kind !== 'verified' || cost < 1) return undefined;
  const result = clientLimit.take(exchange.verdict.caller.clientId, cost);
  if (result instanceof Promise) return result.then((late) => heedLimit(exchange, late));
  return heedLimit(exchange, result);
}

function heedLimit(exchange: Exchange, result: LimitResult): void {
  writeHeaders(exchange, result);
  if (result.allowed) return;
  throw new ServiceError(
    'rate-limited',
    `this client may send ${result.limit} events in ${result.windowSeconds} s; wait and send again`,
    {
      retryAfterSeconds: result.resetSeconds,
    },
  );
}

function writeHeaders({ headers }: Exchange, result: LimitResult): void {
  const { limit, remaining, windowSeconds, resetSeconds } = result;
  const left = Math.max(0, Math.floor(remaining));
  headers['RateLimit-Policy'] = `"client";q=${limit};w=${windowSeconds}`;
  headers['RateLimit'] = `"client";r=${left};t=${Math.max(0, Math.ceil(resetSeconds))}`;
}
