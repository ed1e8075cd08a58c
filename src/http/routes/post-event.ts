import { checkEvent } from '../../ingest/check-event.ts';
import { parseEvent } from '../../ingest/parse-event.ts';
import type { ApiContext } from '../context.ts';
import type { Exchange } from '../exchange.ts';
import type { Reply } from '../route.ts';
import { replyJson } from '../route.ts';
import { acceptChecked, chooseIntake, readPost, viewReceipt } from './accept-checked.ts';

/** 202 once the event is on disk, accepted or quarantined; the same response again, marked, for the same key and body. */
export async function postEvent(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const intake = chooseIntake(exchange, services);
  const checked = checkEvent(parseEvent(readPost(exchange)), services.catalog);
  const receipt = await acceptChecked(checked, exchange, intake);
  return replyJson(
    202,
    {
      event_id: receipt.eventId,
      ...viewReceipt(receipt),
      dry_run: receipt.dryRun,
      request_id: exchange.requestId,
    },
    {
      Location: `/api/events/${receipt.eventId}`,
      ...(receipt.isDuplicate ? { 'Idempotency-Replayed': 'true' } : {}),
    },
  );
}
