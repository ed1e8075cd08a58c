import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, replyJson } from '../../route.ts';

/** Why messages leave, or do not: switches with their origin, limits in use, providers, the last decisions. */
export async function getDiagnostics(_exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.operator.readDiagnostics());
}
