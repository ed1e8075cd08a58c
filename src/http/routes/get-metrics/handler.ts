import type { MetricsContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import type { Reply } from '../../route.ts';

/** What Prometheus scrapes. */
export async function getMetrics(_exchange: Exchange, { readMetrics }: MetricsContext): Promise<Reply> {
  const { contentType, body } = await readMetrics();
  return { status: 200, mediaType: contentType, text: body, headers: {} };
}
