import type { Exchange } from './exchange.ts';
import { requireCaller } from './exchange.ts';
import type { Owner } from './services.ts';

/** A client sees its own; an administrator sees everybody's. */
export function ownerOf(exchange: Exchange): Owner {
  const { clientId, scopes } = requireCaller(exchange);
  return scopes.has('notify.admin') ? 'any' : clientId;
}
