import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

/** How each provider is, as the senders find it without sending anything. 200 also when one is ill: the answer is the report. */
export async function getProvidersHealth(_exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const reports = await services.checkProviders();
  return replyJson(200, {
    ok: reports.length > 0 && reports.every((report) => report.ok),
    providers: reports.map(({ latencyMs, ...report }) => ({ ...report, latency_ms: latencyMs })),
  });
}
