import type { MessageId } from '../domain/ids.ts';
import { type AuditDeps, type AuditOrder, actAudited } from '../gate/act-audited.ts';
import { type DecisionDeps, releaseMessage } from '../gate/message-decisions.ts';
import { type MessageFilter, walkMessages } from '../gate/select-messages.ts';
import { type MessageSummary, readMessageSummaries } from '../store/message-summary.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import { type Page, parseCursor, readPage } from '../store/walk-index.ts';

/** What a person found out (`sent`) or decided (`resend` at the risk of a second copy, `discard`). */
export type Resolution = 'sent' | 'resend' | 'discard';

export type ResolveResult =
  | { readonly kind: 'resolved'; readonly state: 'sent' | 'queued' | 'discarded' }
  | { readonly kind: 'not-found' }
  /** It is not unknown (any more), or is known to have been sent after all. */
  | { readonly kind: 'conflict'; readonly state: string };

/** One page of unknown messages, the longest unknown first. */
export async function listUnknowns(
  deps: AuditDeps,
  ask: { readonly filter: MessageFilter; readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<MessageSummary>> {
  const walk = walkMessages(deps, 'unknown', ask.filter, { after: parseCursor(ask.cursor) });
  return await readPage(walk, ask.limit);
}

/**
 * Ends the doubt about one message by a person's decision. A resend makes every check again; it is refused when the
 * provider's late response has meanwhile said that the message was sent.
 */
export async function resolveUnknown(
  deps: DecisionDeps,
  order: AuditOrder,
  id: MessageId,
  resolution: Resolution,
): Promise<ResolveResult> {
  const [message] = await readMessageSummaries(deps.redis, deps.keys, [id]);
  if (message === undefined) return { kind: 'not-found' };
  if (message === 'unreadable') throw new UnreadableRecord(id, 'a newer program wrote it, or it is damaged');
  if (message.state !== 'unknown') return { kind: 'conflict', state: message.state };
  const action = { action: `resolve unknown as ${resolution}`, detail: { message_id: id } };
  return await actAudited(deps, order, action, async () => {
    const result = await resolve(deps, order, message, resolution);
    return { result, detail: { message_id: id, ...result } };
  });
}

async function resolve(
  deps: DecisionDeps,
  order: AuditOrder,
  message: MessageSummary,
  resolution: Resolution,
): Promise<ResolveResult> {
  const { reason, actor: by } = order;
  if (resolution === 'resend') {
    const refusal = await releaseMessage(deps, message, { from: 'unknown', reason, by, dueAt: 0 });
    if (refusal === undefined) return { kind: 'resolved', state: 'queued' };
    return { kind: 'conflict', state: refusal === 'sent_before' ? 'sent' : 'moved' };
  }
  const to = resolution === 'sent' ? 'sent' : 'discarded';
  const result = await deps.decisions.end(message.id, { to, from: ['unknown'], reason, by });
  return result.kind === 'done' ? { kind: 'resolved', state: to } : { kind: 'conflict', state: result.state };
}
