import { holdReasons } from '../domain/message.ts';
import { askShards } from '../store/ask-shards.ts';
import type { Store } from '../store/keys.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { type Page, parseCursor, readPage } from '../store/walk-index.ts';
import { actInBulk, type BulkOrder, type BulkReport } from './act-in-bulk.ts';
import { type DecisionDeps, releaseMessage } from './message-decisions.ts';
import { type MessageFilter, selectMessages, walkMessages } from './select-messages.ts';

export type HeldPage = Page<MessageSummary> & { readonly counts: Record<string, number> };

/** One page of what is held, oldest hold first, and how much is held for each reason. */
export async function listHeld(
  store: Store,
  ask: { readonly filter: MessageFilter; readonly limit: number; readonly cursor?: string | undefined },
): Promise<HeldPage> {
  const walk = walkMessages(store, 'held', ask.filter, { after: parseCursor(ask.cursor) });
  const [counts, page] = await Promise.all([countHeld(store), readPage(walk, ask.limit)]);
  return { counts, ...page };
}

export interface ReleaseOrder extends BulkOrder<MessageFilter> {
  /** Messages made longer ago than this stay held. */
  readonly maxAgeMs?: number;
  /** Spreads the turns of the released evenly. Absent: all at once; the gate's limits hold all the same. */
  readonly perMinute?: number;
  /** Why a message would be held again at once, by its reason: those are left held. Absent: every one is released. */
  readonly findHold?: (message: MessageSummary) => string | undefined;
}

/** What a release or a discard of held messages came to. */
export interface HeldReport extends BulkReport {
  readonly lastDueAt?: number;
}

/**
 * Puts held messages back in the queue, oldest hold first. Every check is made again when its turn comes. What is
 * too old, or would be past its not_after before its turn, stays held. Released ones that are held once more while
 * this runs are not released again.
 */
export async function releaseHeld(deps: DecisionDeps, order: ReleaseOrder): Promise<HeldReport> {
  const begunAt = await readStoreClock(deps.redis);
  const spacingMs = order.perMinute === undefined ? 0 : 60_000 / order.perMinute;
  const dueAt = (turn: number): number => Math.round(begunAt + turn * spacingMs);
  const createdSince = order.maxAgeMs === undefined ? undefined : begunAt - order.maxAgeMs;
  let lastDueAt: number | undefined;
  const judge = (message: MessageSummary, turn: number): string | undefined => {
    if (createdSince !== undefined && message.createdAt < createdSince) return 'too_old';
    if (message.notAfter !== undefined && message.notAfter <= dueAt(turn)) return 'expired';
    const hold = order.findHold?.(message);
    if (hold === undefined && turn < order.limit) lastDueAt = dueAt(turn);
    return hold;
  };
  const act = (message: MessageSummary, turn: number): Promise<string | undefined> =>
    releaseMessage(deps, message, {
      from: 'held',
      reason: order.reason,
      by: order.actor,
      dueAt: order.perMinute === undefined ? 0 : dueAt(turn),
      ...(createdSince === undefined ? {} : { createdSince }),
    });
  const held = selectMessages(deps, 'held', order.filter);
  const report = await actInBulk(deps, order, held, { action: 'release held', judge, act });
  return lastDueAt === undefined ? report : { ...report, lastDueAt };
}

/** Ends held messages as discarded. They never leave, and no release brings them back. */
export async function discardHeld(deps: DecisionDeps, order: BulkOrder<MessageFilter>): Promise<HeldReport> {
  const act = async (message: MessageSummary): Promise<string | undefined> => {
    const end = { to: 'discarded', from: ['held'], reason: order.reason, by: order.actor } as const;
    return (await deps.decisions.end(message.id, end)).kind === 'done' ? undefined : 'refused';
  };
  const held = selectMessages(deps, 'held', order.filter);
  return await actInBulk(deps, order, held, { action: 'discard held', judge: () => undefined, act });
}

/** Ends messages that wait for their turn as cancelled. One that may have left already is left to a person, as unknown. */
export async function cancelWaiting(
  deps: DecisionDeps,
  order: BulkOrder<MessageFilter>,
): Promise<HeldReport> {
  const act = async (message: MessageSummary): Promise<string | undefined> => {
    const from = ['queued', 'retrying'] as const;
    const { reason, actor: by } = order;
    const result = await deps.decisions.end(message.id, { to: 'cancelled', from, reason, by });
    if (result.kind !== 'done') return 'refused';
    return result.state === 'cancelled' ? undefined : 'may_have_left';
  };
  const open = selectMessages(deps, 'open', order.filter);
  return await actInBulk(deps, order, open, { action: 'cancel waiting', judge: judgeWaiting, act });
}

function judgeWaiting({ state }: MessageSummary): string | undefined {
  return state === 'claimed' ? 'under_way' : undefined;
}

/** How many messages are held for each reason; reasons without any are left out. */
export async function countHeld({ redis, keys }: Store): Promise<Record<string, number>> {
  const fields = holdReasons.map((reason) => `held:${reason}`);
  const rows = await askShards('count held', keys, ({ messageCounts }) =>
    redis.hmget(messageCounts, ...fields),
  );
  const counts = holdReasons.map(
    (reason, index) => [reason, rows.reduce((sum, row) => sum + Number(row[index]), 0)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
