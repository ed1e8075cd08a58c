import { ServiceError } from '../../../domain/errors.ts';
import type { ClientId, EventId } from '../../../domain/ids.ts';
import type { ParsedEvent } from '../../../ingest/build-event.ts';
import { parseTraceparent } from '../../../observe/trace-context.ts';
import type { Exchange } from '../../exchange.ts';
import type { HttpServices } from '../../services.ts';

export interface Receipt {
  readonly eventId: EventId;
  readonly status: 'accepted' | 'duplicate' | 'quarantined';
  readonly dryRun: boolean;
}

/**
 * The receipt of a checked event that is on disk.
 *
 * @throws ServiceError `idempotency-conflict` (409, with the first event's id), and what the store throws
 */
export async function acceptParsed(
  { event, idempotencyKey }: ParsedEvent,
  call: { exchange: Exchange; clientId: ClientId; services: Pick<HttpServices, 'acceptEvent'> },
): Promise<Receipt> {
  const { requestId, request } = call.exchange;
  const answer = await call.services.acceptEvent({
    client: call.clientId,
    idempotencyKey,
    event,
    requestId,
    ...readTraceparent(request.headers['traceparent']),
  });
  if (answer.kind === 'conflict') {
    const detail = 'this key came before with another body; give a new event a new key';
    throw new ServiceError('idempotency-conflict', detail, { extra: { event_id: answer.eventId } });
  }
  const status = answer.kind === 'replayed' ? 'duplicate' : answer.status;
  return { eventId: answer.eventId, status, dryRun: answer.dryRun };
}

function readTraceparent(header: string | readonly string[] | undefined): { readonly traceparent?: string } {
  return typeof header === 'string' && parseTraceparent(header) !== undefined ? { traceparent: header } : {};
}
