import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

/** Whether messages leave now, and if not, why. */
export async function getSendStatus(_exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  return replyJson(200, await services.readSendStatus());
}
