import type { EventId, MessageId } from '../domain/ids.ts';
import type { AuditDeps, AuditOrder } from '../gate/act-audited.ts';
import { actInBulk, type BulkOrder, type BulkReport } from '../gate/act-in-bulk.ts';
import { type DecisionDeps, releaseMessage } from '../gate/message-decisions.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import { type Page, parseCursor, readPage } from '../store/walk-index.ts';
import { type DeadFilter, type DeadLetter, selectDead, walkDead } from './select-dead.ts';

/** What it takes to give dead letters another chance, or none. */
export interface DeadLetterDeps extends DecisionDeps {
  readonly jobs: Pick<JobAdder, 'addMessageJob' | 'ensureEventJob'>;
  /** The planner's: has a dead event planned again, or ends it. False when it is not dead (any more). */
  readonly settleEvent: (
    id: EventId,
    to: 'accepted' | 'rejected',
    decision: { readonly reason: string; readonly by: string },
  ) => Promise<boolean>;
}

/** One page of what was given up: messages first, then events that could not be planned, each oldest first. */
export async function listDeadLetters(
  deps: AuditDeps,
  ask: { readonly filter: DeadFilter; readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<DeadLetter>> {
  const walk = walkDead(deps, ask.filter, { after: parseCursor(ask.cursor) });
  return await readPage(walk, ask.limit);
}

export type DeadOrder = BulkOrder<DeadFilter>;

/**
 * Queues dead letters once more, with every check again and their attempts counted anew; an event is planned again
 * from the beginning. What is known to have been sent is never queued again, and what is past its not_after stays.
 */
export async function replayDeadLetters(deps: DeadLetterDeps, order: DeadOrder): Promise<BulkReport> {
  const begunAt = deps.now();
  return await actInBulk(deps, order, selectDead(deps, order.filter), {
    action: 'replay dead letters',
    judge: ({ notAfter }) => (notAfter !== undefined && notAfter <= begunAt ? 'expired' : undefined),
    act: (letter) => replay(deps, order, letter),
  });
}

/** Ends dead letters for good: messages as discarded, events as rejected. */
export async function discardDeadLetters(deps: DeadLetterDeps, order: DeadOrder): Promise<BulkReport> {
  return await actInBulk(deps, order, selectDead(deps, order.filter), {
    action: 'discard dead letters',
    judge: () => undefined,
    act: async (letter) => {
      if (letter.kind === 'event') {
        const decision = { reason: `discarded: ${order.reason}`, by: order.actor };
        return (await deps.settleEvent(letter.id as EventId, 'rejected', decision)) ? undefined : 'refused';
      }
      const end = { to: 'discarded', from: ['dead'], reason: order.reason, by: order.actor } as const;
      return (await deps.decisions.end(letter.id as MessageId, end)).kind === 'done' ? undefined : 'refused';
    },
  });
}

async function replay(
  deps: DeadLetterDeps,
  order: AuditOrder,
  letter: DeadLetter,
): Promise<string | undefined> {
  if (letter.kind === 'message') {
    const release = { from: 'dead', reason: order.reason, by: order.actor, dueAt: 0 } as const;
    return await releaseMessage(deps, { id: letter.id as MessageId, channel: letter.channel }, release);
  }
  const id = letter.id as EventId;
  const decision = { reason: order.reason, by: order.actor };
  if (!(await deps.settleEvent(id, 'accepted', decision))) return 'refused';
  await deps.jobs
    .ensureEventJob(id)
    .catch((error: unknown) => deps.reportError('add job of a replayed event', error));
  return undefined;
}
