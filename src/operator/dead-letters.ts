import { z } from 'zod';
import {
  type DeadLetterDeps,
  discardDeadLetters,
  listDeadLetters,
  replayDeadLetters,
} from '../deliver/dead-letters.ts';
import type { DeadLetter } from '../deliver/select-dead.ts';
import { change, type Requester, read, toOrder } from './operation.ts';
import {
  bulkOrder,
  bulkResponse,
  category,
  channel,
  count,
  ids,
  instant,
  listResponse,
  mayHaveLeft,
  messageFilter,
  pageQuery,
  toAsk,
  toIso,
  viewBulk,
  viewPage,
  whenGiven,
  word,
} from './schemas.ts';

const deadLetter = z.strictObject({
  kind: z.enum(['message', 'event']),
  id: z.string(),
  event_id: z.string(),
  type: z.string(),
  client: z.string(),
  channel: channel.optional(),
  category: category.optional(),
  to: z.string().optional(),
  reason: z.string(),
  attempts: count,
  may_have_left: mayHaveLeft,
  last_error: z.string().optional(),
  first_at: instant,
  last_at: instant,
  planned_in: z.string(),
});
const deadFilter = {
  kind: z.enum(['message', 'event']).optional(),
  reason: word.optional(),
  ...messageFilter,
};
const order = bulkOrder({
  ids: ids.optional(),
  filter: z.strictObject({ ids: ids.optional(), ...deadFilter }).optional(),
})
  .refine((given) => (given.ids === undefined) !== (given.filter === undefined), {
    path: ['ids'],
    error: 'give either ids or a filter',
  })
  .meta({
    id: 'DeadLetterOrder',
    title: 'Replay or discard dead letters',
    examples: [{ filter: { type: 'welcome' }, reason: 'fixed' }],
  });
const failed = z
  .array(z.strictObject({ id: z.string(), why: z.string() }))
  .meta({ description: 'Those that were not, one by one; the first 100' });

/** What was given up: messages, and events that could not be planned. */
export const deadLetters = [
  read('/api/dead-letters', {
    operationId: 'getDeadLetters',
    summary: 'List dead letters: messages, then events',
    query: z.strictObject({ ...deadFilter, ...pageQuery }),
    response: listResponse('DeadLetters', deadLetter),
    command: {
      name: 'dead-letters list',
      summary: 'messages that were refused, or whose retries are spent',
      columns: [
        ['ID', 'id'],
        ['KIND', 'kind'],
        ['REASON', 'reason'],
        ['TYPE', 'type'],
        ['CHANNEL', 'channel'],
        ['TO', 'to'],
        ['ATTEMPTS', 'attempts'],
        ['MAY HAVE LEFT', 'may_have_left'],
        ['LAST', 'last_at'],
        ['LAST ERROR', 'last_error'],
      ],
    },
    run: async ({ query }, deps: DeadLetterDeps) =>
      viewPage(await listDeadLetters(deps, toAsk(query)), viewDeadLetter),
  }),
  change('POST /api/dead-letters/replay', {
    operationId: 'postDeadLettersReplay',
    summary: 'Queue dead letters once more',
    description: 'By default a preview. What is known to have been sent is never queued again.',
    body: order,
    response: bulkResponse('ReplayReport', { replayed: count, failed }),
    command: {
      name: 'dead-letters replay',
      summary: 'try dead letters again, with every check done again',
      about: 'Shows a preview; --yes does it. What was already sent is never sent a second time.',
      bulk: { verb: 'replay', doneIn: 'replayed' },
    },
    run: async ({ body, by }, deps: DeadLetterDeps) => {
      const report = await replayDeadLetters(deps, toDeadOrder(body, by));
      return { ...viewBulk(report, body.preview, 'replayed'), failed: report.failed };
    },
  }),
  change('POST /api/dead-letters/discard', {
    operationId: 'postDeadLettersDiscard',
    summary: 'Discard dead letters for good',
    description: 'By default a preview.',
    body: order,
    response: bulkResponse('DeadDiscardReport', { discarded: count, failed }),
    command: {
      name: 'dead-letters discard',
      summary: 'end dead letters for good',
      about: 'Shows a preview; --yes does it. There is no way back.',
      bulk: { verb: 'discard', doneIn: 'discarded' },
    },
    run: async ({ body, by }, deps: DeadLetterDeps) => {
      const report = await discardDeadLetters(deps, toDeadOrder(body, by));
      return { ...viewBulk(report, body.preview, 'discarded'), failed: report.failed };
    },
  }),
];

function toDeadOrder(body: z.output<typeof order>, by: Requester) {
  const { ids: named, filter = {}, limit, preview: isPreview } = body;
  return {
    ...toOrder(body, by),
    limit,
    preview: isPreview,
    filter: named === undefined ? filter : { ids: named },
  };
}

export function viewDeadLetter(letter: DeadLetter): z.output<typeof deadLetter> {
  const { kind, id, event, type, client, reason: why, attempts } = letter;
  return {
    kind,
    id,
    event_id: event,
    type,
    client,
    ...(letter.kind === 'message'
      ? { channel: letter.channel, category: letter.category, to: letter.to }
      : {}),
    reason: why,
    attempts,
    ...(letter.mayHaveLeft ? { may_have_left: true } : {}),
    ...whenGiven('last_error', letter.lastError),
    first_at: toIso(letter.firstAt),
    last_at: toIso(letter.lastAt),
    planned_in: letter.mode,
  };
}
