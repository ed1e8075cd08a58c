import type { MessageId } from '../domain/ids.ts';
import type { Category, Channel } from '../domain/message.ts';
import { type AuditDesk, actAudited, type Order } from '../gate/act-audited.ts';
import type { MessageDecisions } from '../gate/message-decisions.ts';
import { releaseMessage } from '../gate/release-message.ts';
import { type MessageFilter, walkMessages } from '../gate/select-messages.ts';
import { redactText } from '../observe/redact.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import { type MessageBrief, readMessageBriefs } from '../store/message-brief.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import { type Page, parseCursor, readPage } from '../store/walk-index.ts';

export interface UnknownDesk extends AuditDesk {
  readonly decisions: MessageDecisions;
  readonly jobs: Pick<JobAdder, 'addMessageJob'>;
  readonly reportError: (what: string, error: unknown) => void;
}

/** A message of which nobody knows whether it was sent. */
export interface UnknownItem {
  readonly message_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly channel: Channel;
  readonly category: Category;
  readonly client: string;
  readonly to: string;
  readonly reason: string;
  readonly provider?: string;
  readonly attempts: number;
  readonly last_error?: string;
  readonly since: string;
}

/** What a person found out (`sent`) or decided (`resend` at the risk of a second copy, `discard`). */
export type Resolution = 'sent' | 'resend' | 'discard';

export type ResolveAnswer =
  | { readonly kind: 'resolved'; readonly state: 'sent' | 'queued' | 'discarded' }
  | { readonly kind: 'not-found' }
  /** It is not unknown (any more), or is known to have been sent after all. */
  | { readonly kind: 'conflict'; readonly state: string };

/** One page of unknown messages, the longest unknown first. */
export async function listUnknowns(
  desk: AuditDesk,
  ask: { readonly filter: MessageFilter; readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<UnknownItem>> {
  const walk = walkMessages(desk, 'unknown', ask.filter, { after: parseCursor(ask.cursor) });
  const { items, ...rest } = await readPage(walk, ask.limit);
  return { items: items.map(viewUnknown), ...rest };
}

/**
 * Ends the doubt about one message by a person's word. A resend makes every check again; it is refused when the
 * provider's late answer has meanwhile said that the message was sent.
 */
export async function resolveUnknown(
  desk: UnknownDesk,
  order: Order,
  id: MessageId,
  resolution: Resolution,
): Promise<ResolveAnswer> {
  const [message] = await readMessageBriefs(desk.redis, desk.keys, [id]);
  if (message === undefined) return { kind: 'not-found' };
  if (message === 'unreadable') throw new UnreadableRecord(id, 'a newer program wrote it, or it is damaged');
  if (message.state !== 'unknown') return { kind: 'conflict', state: message.state };
  const deed = { action: `resolve unknown as ${resolution}`, detail: { message_id: id } };
  return await actAudited(desk, order, deed, async () => {
    const answer = await resolve(desk, order, message, resolution);
    return { answer, detail: { message_id: id, ...answer } };
  });
}

async function resolve(
  desk: UnknownDesk,
  order: Order,
  message: MessageBrief,
  resolution: Resolution,
): Promise<ResolveAnswer> {
  const { reason, actor: by } = order;
  if (resolution === 'resend') {
    const word = await releaseMessage(desk, message, { from: 'unknown', reason, by, dueAt: 0 });
    if (word === undefined) return { kind: 'resolved', state: 'queued' };
    return { kind: 'conflict', state: word === 'sent_before' ? 'sent' : 'moved' };
  }
  const to = resolution === 'sent' ? 'sent' : 'discarded';
  const answer = await desk.decisions.end(message.id, { to, from: ['unknown'], reason, by });
  return answer.kind === 'done' ? { kind: 'resolved', state: to } : { kind: 'conflict', state: answer.state };
}

function viewUnknown(message: MessageBrief): UnknownItem {
  const { event, type, channel, category, client, to, reason, provider, attempts, lastError } = message;
  return {
    message_id: message.id,
    event_id: event,
    type,
    channel,
    category,
    client,
    to,
    reason,
    attempts,
    ...(provider === undefined ? {} : { provider }),
    ...(lastError === undefined ? {} : { last_error: redactText(lastError) }),
    since: new Date(message.updatedAt).toISOString(),
  };
}
