import { z } from 'zod';
import { draftUnlessEnded } from '../deliver/draft-message.ts';
import { type FoundMessage, type SearchDeps, searchMessages } from '../deliver/search-messages.ts';
import { ServiceError } from '../domain/errors.ts';
import { parseInstant } from '../domain/instant.ts';
import { messageStates } from '../domain/message.ts';
import { cancelWaiting } from '../gate/holds.ts';
import type { DecisionDeps } from '../gate/message-decisions.ts';
import { redactText } from '../observe/redact.ts';
import type { Renderer } from '../render/create-renderer.ts';
import { findMessage } from './message.ts';
import { change, read, requireMessageId, toOrder } from './operation.ts';
import {
  bulkOrder,
  bulkResponse,
  count,
  counts,
  ids,
  instant,
  instantText,
  listResponse,
  mayHaveLeft,
  messageFilter,
  pageQuery,
  toIso,
  viewBulk,
  viewMessageSummary,
  viewPage,
  waitingMessage,
  whenGiven,
  word,
} from './schemas.ts';

export interface MessagesDeps extends DecisionDeps, SearchDeps {
  readonly renderer: Pick<Renderer, 'render'>;
}

const foundItem = z.strictObject({
  ...waitingMessage,
  reason: z.string().optional(),
  state: z.enum(messageStates),
  waits_for: z.string().optional(),
  due_at: instant.optional(),
  may_have_left: mayHaveLeft,
  attempts: count,
  provider: z.string().optional(),
  last_error: z.string().optional(),
  created_at: instant,
  updated_at: instant,
  planned_in: z.string(),
});
const noDraft = 'there is no such message, or nothing is left to send of it';

/** Messages wherever they stand: finding them, seeing what would be sent, and taking back those that wait. */
export const messages = [
  read('/api/messages', {
    operationId: 'getMessages',
    summary: 'Search messages by recipient, type, client, state and time',
    description:
      'The address is hashed and never logged. Without `to` the open messages come first, then those held, unknown, dead and ended; ' +
      '`waits` counts the open ones by what they wait for. Ended messages are found for as long as their records are kept.',
    query: z.strictObject({
      to: z
        .string()
        .max(320)
        .optional()
        .meta({ description: 'An email address or an E.164 number, exact; or the `to_hash` of a log line' }),
      state: z.enum(messageStates).optional(),
      since: instantText.optional().meta({ description: 'Made at this instant or later' }),
      until: instantText.optional().meta({ description: 'Made at this instant or before' }),
      reason: word.optional(),
      ...messageFilter,
      ...pageQuery,
    }),
    response: listResponse('MessagesPage', foundItem, {
      waits: counts.optional().meta({
        description:
          'Open messages by what they wait for: `not-due`, `turn`, `retry`, `limit`, `interval`, `provider-back-off`, …; on the first page, without a recipient',
      }),
      waits_more: z
        .literal(true)
        .optional()
        .meta({ description: 'There are more open ones than were counted' }),
    }),
    command: {
      name: 'messages',
      summary: 'find messages: did this person get it, and what waits for what?',
      about:
        'Without an option the open ones come first, counted by what they wait for. The address is hashed by the service\n' +
        'and logged nowhere. What has ended is found for as long as its record is kept.',
      examples: ['acc messages --to jo@example.com', 'acc messages --state sent --type welcome --since 2h'],
      columns: [
        ['ID', 'message_id'],
        ['STATE', 'state'],
        ['REASON', 'reason'],
        ['WAITS FOR', 'waits_for'],
        ['DUE', 'due_at'],
        ['TYPE', 'type'],
        ['CHANNEL', 'channel'],
        ['CLIENT', 'client'],
        ['TO', 'to'],
        ['MADE', 'created_at'],
        ['SINCE', 'updated_at'],
      ],
    },
    run: async ({ query: { to, limit, cursor, since, until, ...filter } }, deps: MessagesDeps) => {
      const { waits, areMoreWaiting, ...page } = await searchMessages(deps, {
        to,
        limit,
        cursor,
        filter: { ...filter, since: toEpochMs(since), until: toEpochMs(until) },
      });
      return {
        ...viewPage(page, viewFound),
        ...whenGiven('waits', waits),
        ...(areMoreWaiting === true ? { waits_more: true as const } : {}),
      };
    },
  }),
  change('POST /api/messages/cancel', {
    operationId: 'postMessagesCancel',
    summary: 'Cancel messages that wait for their turn',
    description: 'By default a preview. What is being sent is skipped; what may have left becomes unknown.',
    body: bulkOrder({
      filter: z.strictObject({ ids: ids.optional(), reason: word.optional(), ...messageFilter }),
    }).meta({
      id: 'CancelOrder',
      title: 'Cancel messages that wait for their turn',
      examples: [{ filter: { type: 'welcome', client: 'scholar' }, reason: 'posted twice by mistake' }],
    }),
    response: bulkResponse('CancelReport', { cancelled: count }),
    command: {
      name: 'messages cancel',
      summary: 'cancel messages that wait for their turn',
      about: 'Shows a preview; --yes does it. What is being sent is left alone. There is no way back.',
      bulk: { verb: 'cancel', doneIn: 'cancelled' },
    },
    run: async ({ body, by }, deps: MessagesDeps) => {
      const report = await cancelWaiting(deps, { ...body, ...toOrder(body, by) });
      return viewBulk(report, body.preview, 'cancelled');
    },
  }),
  read('/api/messages/:id/draft', {
    operationId: 'getMessageDraft',
    summary: 'See what would be sent',
    response: z
      .strictObject({
        message_id: z.string(),
        state: z.enum(messageStates),
        draft: z.unknown().meta({ description: 'What would be sent: as it was kept, or rendered now' }),
        fault: z.string().optional().meta({ description: 'Why it cannot be rendered' }),
      })
      .meta({ id: 'MessageDraft' }),
    problems: [404],
    command: {
      name: 'message draft',
      summary: 'what would be sent of a message that waits, is held, dead or unknown',
    },
    run: async (request, deps: MessagesDeps) => {
      const record = await findMessage(deps, requireMessageId(request, noDraft));
      const drafted = record === undefined ? undefined : draftUnlessEnded(deps.renderer, record);
      if (record === undefined || drafted === undefined) throw new ServiceError('not-found', noDraft);
      return { message_id: record.id, state: record.state, ...drafted };
    },
  }),
];

export function viewFound({ message, waitsFor, dueAt }: FoundMessage): z.output<typeof foundItem> {
  const { reason: _reason, ...summary } = viewMessageSummary(message);
  return {
    ...summary,
    state: message.state,
    ...whenGiven('reason', message.reason),
    ...whenGiven('waits_for', waitsFor),
    ...(dueAt === undefined ? {} : { due_at: toIso(dueAt) }),
    ...(message.mayHaveLeft && message.state !== 'sent' ? { may_have_left: true } : {}),
    attempts: message.attempts,
    ...whenGiven('provider', message.provider),
    ...whenGiven('last_error', redactText(message.lastError ?? '')),
    created_at: toIso(message.createdAt),
    updated_at: toIso(message.updatedAt),
    planned_in: message.mode,
  };
}

function toEpochMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseInstant(text);
}
