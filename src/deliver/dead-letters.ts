import type { EventId, MessageId } from '../domain/ids.ts';
import type { Category, Channel } from '../domain/message.ts';
import { type AuditDesk, actAudited, type Order } from '../gate/act-audited.ts';
import { actInBulk, type BulkDeed, type BulkOrder, type BulkReport } from '../gate/act-in-bulk.ts';
import type { MessageDecisions } from '../gate/message-decisions.ts';
import { releaseMessage } from '../gate/release-message.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import { type Page, parseCursor, readPage } from '../store/walk-index.ts';
import { type DeadFilter, type DeadLetter, selectDead, walkDead } from './select-dead.ts';

/** What it takes to give dead letters another chance, or none. */
export interface DeadLetterDesk extends AuditDesk {
  readonly decisions: MessageDecisions;
  readonly jobs: Pick<JobAdder, 'addMessageJob' | 'ensureEventJob'>;
  /** The planner's: has a dead event planned again, or ends it. False when it is not dead (any more). */
  readonly settleEvent: (
    id: EventId,
    to: 'accepted' | 'rejected',
    decision: { readonly reason: string; readonly by: string },
  ) => Promise<boolean>;
  readonly reportError: (what: string, error: unknown) => void;
}

/** A dead letter as an operator sees it. */
export interface DeadLetterItem {
  readonly kind: 'message' | 'event';
  readonly id: string;
  readonly event_id: string;
  readonly type: string;
  readonly client: string;
  readonly channel?: Channel;
  readonly category?: Category;
  readonly to?: string;
  readonly reason: string;
  readonly attempts: number;
  readonly may_have_left?: true;
  readonly last_error?: string;
  readonly first_at: string;
  readonly last_at: string;
  readonly planned_in: string;
}

/** One page of what was given up: messages first, then events that could not be planned, each oldest first. */
export async function listDeadLetters(
  desk: AuditDesk,
  ask: { readonly filter: DeadFilter; readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<DeadLetterItem>> {
  const walk = walkDead(desk, ask.filter, { after: parseCursor(ask.cursor) });
  const { items, ...rest } = await readPage(walk, ask.limit);
  return { items: items.map(viewDead), ...rest };
}

export type DeadOrder = Order & BulkOrder & { readonly filter: DeadFilter };

/**
 * Queues dead letters once more, with every check again and their attempts counted anew; an event is planned again
 * from the beginning. What is known to have been sent is never queued again, and what is past its not_after stays.
 */
export async function replayDeadLetters(desk: DeadLetterDesk, order: DeadOrder): Promise<BulkReport> {
  const begunAt = desk.now();
  return await actOnDead(desk, order, 'replay dead letters', {
    judge: ({ notAfter }) => (notAfter !== undefined && notAfter <= begunAt ? 'expired' : undefined),
    act: (letter) => replay(desk, order, letter),
  });
}

/** Ends dead letters for good: messages as discarded, events as rejected. */
export async function discardDeadLetters(desk: DeadLetterDesk, order: DeadOrder): Promise<BulkReport> {
  return await actOnDead(desk, order, 'discard dead letters', {
    judge: () => undefined,
    act: async (letter) => {
      if (letter.kind === 'event') {
        const decision = { reason: `discarded: ${order.reason}`, by: order.actor };
        return (await desk.settleEvent(letter.id as EventId, 'rejected', decision)) ? undefined : 'refused';
      }
      const end = { to: 'discarded', from: ['dead'], reason: order.reason, by: order.actor } as const;
      return (await desk.decisions.end(letter.id as MessageId, end)).kind === 'done' ? undefined : 'refused';
    },
  });
}

async function replay(desk: DeadLetterDesk, order: Order, letter: DeadLetter): Promise<string | undefined> {
  if (letter.kind === 'message') {
    const release = { from: 'dead', reason: order.reason, by: order.actor, dueAt: 0 } as const;
    return await releaseMessage(
      desk,
      { id: letter.id as MessageId, channel: letter.channel ?? 'email' },
      release,
    );
  }
  const id = letter.id as EventId;
  const decision = { reason: order.reason, by: order.actor };
  if (!(await desk.settleEvent(id, 'accepted', decision))) return 'refused';
  await desk.jobs
    .ensureEventJob(id)
    .catch((error: unknown) => desk.reportError('add job of a replayed event', error));
  return undefined;
}

async function actOnDead(
  desk: DeadLetterDesk,
  order: DeadOrder,
  action: string,
  deed: BulkDeed<DeadLetter>,
): Promise<BulkReport> {
  const run = (): Promise<BulkReport> =>
    actInBulk(selectDead(desk, order.filter), { ...order, ids: order.filter.ids }, deed);
  if (order.preview) return await run();
  const detail = { filter: order.filter, limit: order.limit };
  return await actAudited(desk, order, { action, detail }, async () => {
    const answer = await run();
    return { answer, detail: { matched: answer.matched, done: answer.done, skipped: answer.skipped } };
  });
}

function viewDead(letter: DeadLetter): DeadLetterItem {
  const { kind, id, event, type, client, channel, category, to, reason, attempts, lastError } = letter;
  return {
    kind,
    id,
    event_id: event,
    type,
    client,
    ...(channel === undefined ? {} : { channel }),
    ...(category === undefined ? {} : { category }),
    ...(to === undefined ? {} : { to }),
    reason,
    attempts,
    ...(letter.mayHaveLeft ? { may_have_left: true } : {}),
    ...(lastError === undefined ? {} : { last_error: lastError }),
    first_at: new Date(letter.firstAt).toISOString(),
    last_at: new Date(letter.lastAt).toISOString(),
    planned_in: letter.mode,
  };
}
