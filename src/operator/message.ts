import { z } from 'zod';
import { channelTable } from '../domain/channel.ts';
import { ServiceError } from '../domain/errors.ts';
import { type MessageId, shardOf } from '../domain/ids.ts';
import { messageStates } from '../domain/message.ts';
import type { MessageDecisions } from '../gate/message-decisions.ts';
import type { Store } from '../store/keys.ts';
import {
  explainEnd,
  type HistoryLine,
  type MessageRecord,
  readMessageRecord,
} from '../store/message-record.ts';
import { type Operation, type Owner, read, requireMessageId } from './operation.ts';
import {
  category,
  channel,
  count,
  eventId,
  exampledInstant as instant,
  mayHaveLeft,
  messageId,
  toIso,
  whenGiven,
} from './schemas.ts';

export interface MessageDeps extends Store {
  readonly decisions: MessageDecisions;
}

export const endDetail = z
  .string()
  .optional()
  .meta({ description: 'Of what is dead without an attempt (`render`, `poison`): its cause, without data' });

export const messageResponse = z
  .strictObject({
    message_id: messageId,
    event_id: eventId,
    type: z.string(),
    channel,
    category,
    to: z.string().meta({ description: 'Masked address', examples: ['j***@example.com', '+1555****0123'] }),
    locale: z
      .string()
      .optional()
      .meta({ description: 'The language of the text: what the reader’s locale came to', examples: ['fr'] }),
    state: z.enum(messageStates),
    reason: z.string().optional(),
    detail: endDetail,
    may_have_left: mayHaveLeft,
    send_at: instant.optional(),
    not_after: instant.optional(),
    attempts: z.array(
      z.strictObject({
        number: count,
        at: instant,
        provider: z.string(),
        outcome: z.string(),
        detail: z.string(),
        duration_ms: z.number(),
      }),
    ),
    history: z.array(
      z.strictObject({
        at: instant,
        from: z.string().optional(),
        to: z.string(),
        reason: z.string().optional(),
        by: z.string().optional(),
      }),
    ),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Message', title: 'A message and its attempts' });

const cancellation = z
  .strictObject({ message_id: messageId, state: z.literal('cancelled'), request_id: z.string() })
  .meta({ id: 'Cancellation' });

const noMessage = 'there is no such message, or it belongs to another client';

/** One message, as its owner sees it, and the one thing that an owner may still decide: to cancel. */
export const message: readonly Operation<MessageDeps>[] = [
  read('/api/messages/:id', {
    operationId: 'getMessage',
    scope: 'notify.read',
    summary: 'See a message and its attempts',
    response: messageResponse,
    responseText: 'The message',
    problems: [404],
    command: { name: 'message show', summary: 'a message with its attempts and history, address masked' },
    run: async (request, deps: MessageDeps) =>
      viewMessage(await requireMessage(deps, requireMessageId(request, noMessage), request.by.owner)),
  }),
  {
    ...read('/api/messages/:id', {
      operationId: 'cancelMessage',
      scope: 'notify.send',
      summary: 'Cancel a message that has not left',
      response: cancellation,
      responseText: 'It will not leave',
      problems: [404, 409],
      run: async (request, deps: MessageDeps) => {
        const id = requireMessageId(request, noMessage);
        await cancelMessage(deps, id, request.by);
        return { message_id: id, state: 'cancelled' as const, request_id: request.by.requestId };
      },
    }),
    method: 'DELETE',
  },
];

/** The record; undefined also for an id that no store of ours has made. */
export async function findMessage({ redis, keys }: Store, id: MessageId): Promise<MessageRecord | undefined> {
  return shardOf(id) >= keys.shards ? undefined : await readMessageRecord(redis, keys.of(id), id);
}

async function requireMessage(store: Store, id: MessageId, owner: Owner): Promise<MessageRecord> {
  const record = await findMessage(store, id);
  if (record === undefined || (owner !== 'any' && record.client !== owner))
    throw new ServiceError('not-found', noMessage);
  return record;
}

/** What has left, or is leaving, is a conflict that tells its state. */
async function cancelMessage(
  deps: MessageDeps,
  id: MessageId,
  { owner, clientId }: { readonly owner: Owner; readonly clientId: string },
): Promise<void> {
  await requireMessage(deps, id, owner);
  const result = await deps.decisions.end(id, {
    to: 'cancelled',
    from: ['queued', 'retrying', 'held'],
    reason: 'cancelled',
    by: clientId,
  });
  if (result.state === 'cancelled') return;
  const { state } = await requireMessage(deps, id, owner);
  throw new ServiceError('state-conflict', `the message is ${state}: it can no longer be cancelled`, {
    extra: { state },
  });
}

/** A message as its client and an operator may see it: in time order, address masked, no draft. */
export function viewMessage(record: MessageRecord): z.output<typeof messageResponse> {
  const moves = record.history.filter((line) => line.to !== undefined);
  return {
    message_id: record.id,
    event_id: record.event,
    type: record.type,
    channel: record.channel,
    category: record.category,
    to: channelTable[record.channel].maskAddress(record.to),
    ...whenGiven('locale', record.textLocale),
    state: record.state,
    ...whenGiven('reason', record.reason),
    ...explainEnd(record),
    ...(record.resends > 0 && record.state !== 'sent' ? { may_have_left: true } : {}),
    ...(record.sendAt === undefined ? {} : { send_at: toIso(record.sendAt) }),
    ...(record.notAfter === undefined ? {} : { not_after: toIso(record.notAfter) }),
    attempts: record.history.flatMap(({ at, attempt }) =>
      attempt === undefined ? [] : [viewAttempt(at, attempt)],
    ),
    history: moves.map(({ at, from, to, reason, by }) => ({
      at: toIso(at),
      ...whenGiven('from', from),
      to: to ?? '',
      ...whenGiven('reason', reason),
      ...whenGiven('by', by),
    })),
    created_at: toIso(record.createdAt),
    updated_at: toIso(record.updatedAt),
  };
}

function viewAttempt(at: number, attempt: NonNullable<HistoryLine['attempt']>) {
  const { number, provider, outcome, detail, durationMs } = attempt;
  return { number, at: toIso(at), provider, outcome, detail, duration_ms: durationMs };
}
