import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../../domain/errors.ts';
import type { EventId } from '../../domain/ids.ts';
import type { AcceptRequest, AcceptResult } from '../../ingest/accept-event.ts';
import type { CheckedEvent } from '../../ingest/check-event.ts';
import type { EventPost } from '../../ingest/parse-event.ts';
import type { EventHeaders } from '../../ingest/raw-event.ts';
import { isTraceparent } from '../../observe/trace-context.ts';
import { type Exchange, requireCaller } from '../exchange.ts';
import { readBearerToken } from '../pipeline/authenticate.ts';
import type { HttpServices } from '../services.ts';

export interface Receipt {
  readonly eventId: EventId;
  /** What the event was when it was put on disk. */
  readonly state: 'accepted' | 'quarantined';
  /** It was on disk already. */
  readonly isDuplicate: boolean;
  readonly dryRun: boolean;
}

/** Puts an event on disk. */
export type Intake = (given: Omit<AcceptRequest, 'client'>) => Promise<AcceptResult>;

/**
 * Where events of this caller go: accepted as its own or, when nobody can judge its token now, into quarantine (IDN-4).
 *
 * @throws ServiceError `keys-unavailable` (503) when the token cannot be judged and the quarantine is off
 */
export function chooseIntake(
  exchange: Exchange,
  { acceptEvent, quarantineEvent }: Pick<HttpServices, 'acceptEvent' | 'quarantineEvent'>,
): Intake {
  const { verdict, request } = exchange;
  const token = readBearerToken(request.headers.authorization);
  const claimed = verdict?.kind === 'cannot-tell' ? verdict.claimed : undefined;
  if (claimed !== undefined && token !== undefined && quarantineEvent !== undefined) {
    const claimedClient = claimed.clientId;
    const remoteAddress = request.socket.remoteAddress ?? '';
    return (given) => quarantineEvent({ ...given, token, claimedClient, remoteAddress });
  }
  const { clientId } = requireCaller(exchange);
  return (given) => acceptEvent({ ...given, client: clientId });
}

/**
 * The receipt of a checked event that is on disk.
 *
 * @throws ServiceError `idempotency-conflict` (409, with the first event's id), and what the intake throws
 */
export async function acceptChecked(
  { event, idempotencyKey }: CheckedEvent,
  { requestId, request }: Exchange,
  intake: Intake,
): Promise<Receipt> {
  const traceparent = readTraceparent(request.headers['traceparent']);
  const response = await intake({ idempotencyKey, event, requestId, ...traceparent });
  if (response.kind === 'conflict') {
    const detail = 'this key came before with another body; give a new event a new key';
    throw new ServiceError('idempotency-conflict', detail, { extra: { event_id: response.eventId } });
  }
  const { eventId, status: state, dryRun, kind } = response;
  return { eventId, state, isDuplicate: kind === 'replayed', dryRun };
}

/**
 * How it went, in the words of a receipt: `state`, as in every response that shows an event, and whether the event is the one
 * of an earlier post. `status` said both in one word, and stays beside them for a release.
 */
export function viewReceipt({ state, isDuplicate }: Pick<Receipt, 'state' | 'isDuplicate'>) {
  return {
    state,
    ...(isDuplicate ? { duplicate: true } : {}),
    status: isDuplicate ? 'duplicate' : state,
  };
}

function readTraceparent(header: string | readonly string[] | undefined): { readonly traceparent?: string } {
  return typeof header === 'string' && isTraceparent(header) ? { traceparent: header } : {};
}

/** What the parser needs of a request. */
export function readPost({ mediaType, request, body, receivedAt }: Exchange): EventPost {
  return { mediaType, headers: readHeaders(request), body, receivedAt };
}

/** Node joins a key that came twice with a comma: two keys would silently name a third event. */
function readHeaders(request: IncomingMessage): EventHeaders {
  const { headers } = request;
  // Only a key with a comma in it is worth a look at the headers one by one.
  if (headers['idempotency-key']?.includes(',') !== true) return headers;
  const keys = request.headersDistinct['idempotency-key'] ?? [];
  return keys.length === 1 ? headers : { ...headers, 'idempotency-key': keys };
}
