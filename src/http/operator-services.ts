import type { PointerFault } from '../domain/errors.ts';
import type { ClientId, MessageId } from '../domain/ids.ts';
import type { OperatorAnswer } from './operator-answers.ts';
import type {
  AdoptionOrder,
  CancelOrder,
  ConsumersOrder,
  DeadOrder,
  DeadQuery,
  DiscardOrder,
  HeldQuery,
  IngestOrder,
  LoggedAttempts,
  MessagesQuery,
  ReleaseOrder,
  ResolutionOrder,
  SendOrder,
  SuppressionRemoval,
  SuppressionsOrder,
  SuppressionsQuery,
  UnknownQuery,
} from './operator-requests.ts';

/** Who asks, for the audit. */
export interface Operator {
  readonly clientId: ClientId;
  readonly requestId: string;
}

/** A switch that was not turned because the caller saw an older epoch. */
export interface StaleEpoch {
  readonly kind: 'stale-epoch';
  readonly epoch: number;
}

/** A store that was not adopted: it is whole, or it is not the one that the caller saw. */
export type NotAdopted =
  | { readonly kind: 'not-behind' }
  | { readonly kind: 'other-lineage'; readonly lineage: string };

export type ResolveAnswer =
  | { readonly kind: 'resolved'; readonly state: 'sent' | 'queued' | 'discarded' }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'conflict'; readonly state: string };

/**
 * What the operator's routes need. Every change is in the audit chain with its actor, reason and request id before it
 * is made; a change that cannot be audited is not made, and the port throws.
 */
export interface OperatorServices {
  readControl(): Promise<OperatorAnswer<'Control'>>;
  readSendStanding(scope: SendOrder['scope']): Promise<OperatorAnswer<'SendStanding'>>;
  setSending(order: SendOrder, by: Operator): Promise<OperatorAnswer<'SendControl'> | StaleEpoch>;
  setIngest(order: IngestOrder, by: Operator): Promise<OperatorAnswer<'Pause'> | StaleEpoch>;
  setConsumers(order: ConsumersOrder, by: Operator): Promise<OperatorAnswer<'Pause'> | StaleEpoch>;
  adoptStore(order: AdoptionOrder, by: Operator): Promise<OperatorAnswer<'Adoption'> | NotAdopted>;
  markSent(order: LoggedAttempts, by: Operator): Promise<OperatorAnswer<'AttemptsMarked'>>;
  searchMessages(query: MessagesQuery): Promise<OperatorAnswer<'MessagesPage'>>;
  /** `undefined` when there is no such message, or nothing is left to send of it. */
  draftMessage(id: MessageId): Promise<OperatorAnswer<'MessageDraft'> | undefined>;
  cancelWaiting(order: CancelOrder, by: Operator): Promise<OperatorAnswer<'CancelReport'>>;
  listHeld(query: HeldQuery): Promise<OperatorAnswer<'HeldPage'>>;
  /** `undefined` when the message is not held. */
  readHeld(id: MessageId): Promise<OperatorAnswer<'HeldMessage'> | undefined>;
  releaseHeld(order: ReleaseOrder, by: Operator): Promise<OperatorAnswer<'ReleaseReport'>>;
  discardHeld(order: DiscardOrder, by: Operator): Promise<OperatorAnswer<'DiscardReport'>>;
  listDeadLetters(query: DeadQuery): Promise<OperatorAnswer<'DeadLetters'>>;
  replayDeadLetters(order: DeadOrder, by: Operator): Promise<OperatorAnswer<'ReplayReport'>>;
  discardDeadLetters(order: DeadOrder, by: Operator): Promise<OperatorAnswer<'DeadDiscardReport'>>;
  listUnknowns(query: UnknownQuery): Promise<OperatorAnswer<'UnknownPage'>>;
  resolveUnknown(id: MessageId, order: ResolutionOrder, by: Operator): Promise<ResolveAnswer>;
  listSuppressions(query: SuppressionsQuery): Promise<OperatorAnswer<'SuppressionsPage'>>;
  addSuppressions(order: SuppressionsOrder, by: Operator): Promise<OperatorAnswer<'SuppressionsReport'>>;
  removeSuppression(
    order: SuppressionRemoval,
    by: Operator,
  ): Promise<OperatorAnswer<'SuppressionRemoved'> | PointerFault>;
  /** Newest first. */
  readAudit(limit: number): Promise<OperatorAnswer<'Audit'>['lines']>;
  /** `expected`: a head that was kept elsewhere, and the number of its line. */
  verifyAudit(expected?: {
    readonly head: string;
    readonly count?: number;
  }): Promise<OperatorAnswer<'AuditVerdict'>>;
  readDiagnostics(): Promise<OperatorAnswer<'Diagnostics'>>;
}
