import type { ProbeContext } from '../../context.ts';
import { isStoreReady } from '../../dependency-check.ts';
import type { Exchange } from '../../exchange.ts';
import { readQuery } from '../../exchange.ts';
import type { Reply } from '../../route.ts';
import { replyJson } from '../../route.ts';

const boundMs = 1000;

/**
 * Ready means that an event can be put on disk here: the store is writable and durable, and we are not on our way
 * out. An issuer outage, a pause and a dry run stay ready.
 */
export async function getReadyz(exchange: Exchange, context: ProbeContext): Promise<Reply> {
  const report = await context.dependencies.read(boundMs);
  const draining = context.drain.phase !== 'serving';
  const ready = isStoreReady(report) && !draining;
  return replyJson(ready ? 200 : 503, {
    status: ready ? 'ready' : 'not-ready',
    draining,
    ...(readQuery(exchange).has('verbose') ? { checks: report } : {}),
  });
}
