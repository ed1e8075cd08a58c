import type { ClientId, EventId, MessageId } from '../domain/ids.ts';
import type { MessageState } from '../domain/message.ts';
import type { EndedRequest } from '../domain/request-figures.ts';
import type { TokenVerifier } from '../identity/verify-token.ts';
import type { AcceptAnswer, AcceptRequest } from '../ingest/accept-event.ts';
import type { EventCatalog } from '../ingest/check-event.ts';
import type { ClientLimit } from '../ingest/limit-clients.ts';
import type { ProviderReport } from '../providers/provider-report.ts';
import type { EventView, MessageView, QueueStatus, SendStatus } from './answers.ts';
import type { GuardServices } from './guard-services.ts';
import type { OperatorServices } from './operator-services.ts';
import type { QuarantineServices } from './quarantine-services.ts';

/** Whose things may be seen: one client's own, or everybody's (`notify.admin`). */
export type Owner = ClientId | 'any';

/**
 * Everything that the routes need of the rest of the system. A port may throw a `ServiceError`; it is answered
 * as a problem.
 */
export interface HttpServices {
  readonly tokens: Pick<TokenVerifier, 'verifyToken'>;
  readonly catalog: EventCatalog;
  readonly operator: OperatorServices;
  readonly guard: GuardServices;
  readonly quarantine: QuarantineServices;
  /** Resolves when the event is on disk. */
  acceptEvent(request: AcceptRequest): Promise<AcceptAnswer>;
  /** `undefined` also for what belongs to another client. */
  readEvent(id: EventId, owner: Owner): Promise<EventView | undefined>;
  readMessage(id: MessageId, owner: Owner): Promise<MessageView | undefined>;
  /** `by`: who asks, for the message's history. */
  cancelMessage(id: MessageId, owner: Owner, by: string): Promise<CancelAnswer>;
  readQueueStatus(): Promise<QueueStatus>;
  readSendStatus(): Promise<SendStatus>;
  checkProviders(): Promise<readonly ProviderReport[]>;
  checkDependencies(): Promise<DependencyReport>;
  /** Throws (503) while no event is to be taken, whoever sends it; absent = always taken. */
  checkIntake?(): void;
  /** Requests of one client over time (429); absent = no limit. */
  readonly clientLimit?: ClientLimit;
  /** Measured latency of what verified clients asked for on the `/api` routes. */
  readonly latency: { p95Ms(): number };
  /** One line for each request, when our last write is made: for the log and the metrics. */
  onRequestEnd(line: RequestLine): void;
}

export type CancelAnswer =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'too-late'; readonly state: MessageState }
  | { readonly kind: 'not-found' };

export interface DependencyCheck {
  readonly ok: boolean;
  readonly detail: string;
}

/** Readiness needs the store, writable and durable; the others degrade the service without stopping it. */
export type DependencyReport = Readonly<Record<RequiredDependency | 'issuer', DependencyCheck>> &
  Readonly<Partial<Record<'providers' | 'workers' | 'proof_of_life', DependencyCheck>>>;
export type RequiredDependency = 'store' | 'store_durable';

export interface RequestLine extends EndedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly clientId?: ClientId;
  readonly tokenClientId?: ClientId;
  /** The fault behind an answer of 500 and above, for the log alone. */
  readonly error?: unknown;
}
