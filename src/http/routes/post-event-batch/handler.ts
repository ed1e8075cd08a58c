import { ServiceError } from '../../../domain/errors.ts';
import { checkEvent } from '../../../ingest/check-event.ts';
import type { BatchItem } from '../../../ingest/parse-event.ts';
import { parseBatch } from '../../../ingest/parse-event.ts';
import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { takeAllowance } from '../../pipeline/limit-client.ts';
import { toServiceError } from '../../problem.ts';
import type { Reply } from '../../route.ts';
import type { Receipt } from '../post-event/accept-checked.ts';
import { acceptChecked, chooseIntake } from '../post-event/accept-checked.ts';
import { readPost } from '../post-event/read-post.ts';
import { replyBatch } from './reply-batch.ts';
import { runBounded } from './run-bounded.ts';

/** Items that wait for the store at one time: enough to share its fsync, too few to crowd single events out. */
const concurrency = 32;

/** Each item stands for itself: accepted as if it had been posted alone, or rejected with its own problem. */
export async function postEventBatch(exchange: Exchange, context: ApiContext): Promise<Reply> {
  const { services } = context;
  const intake = chooseIntake(exchange, services);
  const items = parseBatch(readPost(exchange));
  await takeAllowance(exchange, services.clientLimit, items.length - 1);
  const acceptItem = async (item: BatchItem): Promise<Receipt | ServiceError> => {
    try {
      if (item instanceof ServiceError) return item;
      return await acceptChecked(checkEvent(item, services.catalog), exchange, intake);
    } catch (thrown) {
      return noteBug(exchange, toServiceError(thrown));
    }
  };
  return replyBatch(await runBounded(items, concurrency, acceptItem), exchange, context);
}

/** A bug in one item must reach the log, though the others are answered. */
function noteBug(exchange: Exchange, fault: ServiceError): ServiceError {
  if (fault.row.kind === 'bug') exchange.error = fault.cause;
  return fault;
}
