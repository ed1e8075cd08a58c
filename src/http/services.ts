import type { ClientId } from '../domain/ids.ts';
import type { EndedRequest } from '../domain/request-counters.ts';
import type { QuarantineResult, UnjudgedEvent } from '../identity/quarantine.ts';
import type { TokenVerifier } from '../identity/verify-token.ts';
import type { AcceptRequest, AcceptResult } from '../ingest/accept-event.ts';
import type { EventCatalog } from '../ingest/check-event.ts';
import type { ClientLimit } from '../ingest/limit-clients.ts';
import type { Operation, OperationRequest } from '../operator/operation.ts';
import type { OperatorDeps } from '../operator/operations.ts';

/**
 * Everything that the routes need of the rest of the system. A port may throw a `ServiceError`; it is answered
 * as a problem.
 */
export interface HttpServices {
  readonly tokens: Pick<TokenVerifier, 'verifyToken'>;
  readonly catalog: EventCatalog;
  /** Resolves when the event is on disk. */
  acceptEvent(request: AcceptRequest): Promise<AcceptResult>;
  /** Resolves when the event is in quarantine (IDN-4). Absent: it is off, and what cannot be verified is 503. */
  readonly quarantineEvent?: (unjudged: UnjudgedEvent) => Promise<QuarantineResult>;
  /** Runs an operation of the operators' API with what it needs of the stages. */
  perform(operation: Operation<OperatorDeps>, request: OperationRequest): Promise<unknown>;
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
  /** The error behind a response of 500 and above, for the log alone. */
  readonly error?: unknown;
}
