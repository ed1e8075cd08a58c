import { z } from 'zod';
import { listUnknowns, resolveUnknown } from '../deliver/unknowns.ts';
import { ServiceError } from '../domain/errors.ts';
import type { DecisionDeps } from '../gate/message-decisions.ts';
import { redactText } from '../observe/redact.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import { change, read, requireMessageId, toOrder } from './operation.ts';
import {
  count,
  instant,
  listResponse,
  messageFilter,
  pageQuery,
  reason,
  toAsk,
  toIso,
  viewMessageSummary,
  viewPage,
  waitingMessage,
  whenGiven,
  word,
} from './schemas.ts';

const unknownItem = z.strictObject({
  ...waitingMessage,
  provider: z.string().optional(),
  attempts: count,
  last_error: z.string().optional(),
  since: instant,
});
const noMessage = 'there is no message of this id';

/** Messages of which nobody knows whether they were sent. */
export const unknown = [
  read('/api/unknown', {
    operationId: 'getUnknowns',
    summary: 'List messages of which nobody knows whether they were sent',
    query: z.strictObject({ reason: word.optional(), ...messageFilter, ...pageQuery }),
    response: listResponse('UnknownPage', unknownItem),
    command: {
      name: 'unknown list',
      summary: 'messages whose attempt left and got no answer: sent or not, nobody knows',
      columns: [
        ['ID', 'message_id'],
        ['REASON', 'reason'],
        ['TYPE', 'type'],
        ['TO', 'to'],
        ['PROVIDER', 'provider'],
        ['SINCE', 'since'],
        ['LAST ERROR', 'last_error'],
      ],
    },
    run: async ({ query }, deps: DecisionDeps) =>
      viewPage(await listUnknowns(deps, toAsk(query)), viewUnknown),
  }),
  change('POST /api/unknown/:id', {
    operationId: 'postUnknown',
    summary: 'Say what became of one, or send it once more',
    body: z.strictObject({ resolution: z.enum(['sent', 'resend', 'discard']), reason }).meta({
      id: 'Resolution',
      title: 'End a doubt',
      examples: [{ resolution: 'sent', reason: 'found in the provider’s log' }],
    }),
    response: z
      .strictObject({
        message_id: z.string(),
        state: z.enum(['sent', 'queued', 'discarded']),
        request_id: z.string(),
      })
      .meta({ id: 'Resolved' }),
    problems: [404, 409],
    checkId: (id) => requireMessageId({ id }, noMessage),
    run: async (request, deps: DecisionDeps) => {
      const { body, by } = request;
      const id = requireMessageId(request, noMessage);
      const result = await resolveUnknown(deps, toOrder(body, by), id, body.resolution);
      if (result.kind === 'not-found') throw new ServiceError('not-found', noMessage);
      const { kind, state } = result;
      if (kind === 'resolved') return { message_id: id, state, request_id: by.requestId };
      throw new ServiceError('state-conflict', `the message is ${state}: there is no doubt about it`, {
        extra: { state },
      });
    },
  }),
];

export function viewUnknown(message: MessageSummary): z.output<typeof unknownItem> {
  return {
    ...viewMessageSummary(message),
    attempts: message.attempts,
    ...whenGiven('provider', message.provider),
    ...whenGiven('last_error', redactText(message.lastError ?? '')),
    since: toIso(message.updatedAt),
  };
}
