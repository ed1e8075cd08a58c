import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { holdReasons } from '../domain/message.ts';
import { discardHeld, listHeld, releaseHeld } from '../gate/holds.ts';
import type { DecisionDeps } from '../gate/message-decisions.ts';
import { findHold, readSendStatus, type SendStatusDeps } from '../gate/send-status.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import { findMessage, messageResponse, viewMessage } from './message.ts';
import { change, read, requireMessageId, toOrder } from './operation.ts';
import {
  bulkOrder,
  bulkResponse,
  count,
  counts,
  ids,
  instant,
  listResponse,
  mayHaveLeft,
  messageFilter,
  pageQuery,
  toAsk,
  toIso,
  viewBulk,
  viewMessageSummary,
  viewPage,
  waitingMessage,
  whenGiven,
} from './schemas.ts';

export type HeldDeps = DecisionDeps & SendStatusDeps;

const heldItem = z.strictObject({
  ...waitingMessage,
  held_at: instant,
  age_seconds: count.meta({ description: 'Since the message was made' }),
  not_after: instant.optional(),
  may_have_left: mayHaveLeft,
  planned_in: z.string(),
});
const heldReason = { reason: z.enum(holdReasons).optional() };
const filter = z.strictObject({ ids: ids.optional(), ...heldReason, ...messageFilter });
const notHeld = 'no message of this id is held';

/** Messages that wait for a person. */
export const held = [
  read('/api/held', {
    operationId: 'getHeldList',
    summary: 'List held messages, the longest held first',
    query: z.strictObject({ ...heldReason, ...messageFilter, ...pageQuery }),
    response: listResponse('HeldPage', heldItem, {
      counts: counts.meta({ description: 'Held messages by reason, whatever the filter' }),
    }),
    command: {
      name: 'held list',
      summary: 'what is held, and how much for which reason',
      columns: [
        ['ID', 'message_id'],
        ['REASON', 'reason'],
        ['TYPE', 'type'],
        ['CHANNEL', 'channel'],
        ['TO', 'to'],
        ['HELD SINCE', 'held_at'],
        ['NOT AFTER', 'not_after'],
        ['MAY HAVE LEFT', 'may_have_left'],
      ],
    },
    run: async ({ query }, deps: HeldDeps) => {
      const { counts: byReason, ...page } = await listHeld(deps, toAsk(query));
      return { counts: byReason, ...viewPage(page, (message) => viewHeld(message, deps.now())) };
    },
  }),
  change('POST /api/held/release', {
    operationId: 'postHeldRelease',
    summary: 'Release held messages',
    description:
      'By default a preview. Released messages go back to the queue, and every check is made again when their turn comes.',
    body: bulkOrder({
      filter,
      max_age_seconds: z.int().positive().optional().meta({ description: 'Older ones stay held' }),
      per_minute: z
        .number()
        .positive()
        .max(1_000_000)
        .optional()
        .meta({ description: 'Spreads their turns' }),
      while_stopped: z.boolean().default(false).meta({
        description:
          '`true`: also those that a stop, or another mode of the service, would hold again at once; else they are skipped',
      }),
    }).meta({
      id: 'ReleaseOrder',
      title: 'Release held messages',
      examples: [{ filter: { reason: 'stopped' }, reason: 'mended' }],
    }),
    response: bulkResponse('ReleaseReport', { released: count, last_due_at: instant.optional() }),
    command: {
      name: 'held release',
      summary: 'let held messages go, with every check done again',
      about:
        'Shows a preview; --yes does it. Released messages pass the gate once more when their turn comes: what is still\n' +
        'stopped, suppressed or too late does not leave. After a long stop, give --max-age and --per-minute.',
      examples: [
        'acc held release "the template is right again" --reason stopped --max-age 6h --per-minute 100',
      ],
      bulk: { verb: 'release', doneIn: 'released' },
    },
    run: async ({ body, by }, deps: HeldDeps) => {
      const { max_age_seconds: maxAge, per_minute: perMinute, while_stopped: whileStopped, ...order } = body;
      const status = whileStopped ? undefined : await readSendStatus(deps);
      const report = await releaseHeld(deps, {
        ...order,
        ...toOrder(body, by),
        ...(maxAge === undefined ? {} : { maxAgeMs: maxAge * 1_000 }),
        ...whenGiven('perMinute', perMinute),
        ...(status === undefined ? {} : { findHold: (message) => findHold(status, message) }),
      });
      const { lastDueAt } = report;
      return {
        ...viewBulk(report, body.preview, 'released'),
        ...(lastDueAt === undefined ? {} : { last_due_at: toIso(lastDueAt) }),
      };
    },
  }),
  change('POST /api/held/discard', {
    operationId: 'postHeldDiscard',
    summary: 'Discard held messages for good',
    description: 'By default a preview.',
    body: bulkOrder({ filter }).meta({
      id: 'DiscardOrder',
      title: 'Discard held messages',
      examples: [{ filter: { reason: 'promo' }, reason: 'out of date' }],
    }),
    response: bulkResponse('DiscardReport', { discarded: count }),
    command: {
      name: 'held discard',
      summary: 'end held messages for good: they never leave',
      about: 'Shows a preview; --yes does it. There is no way back.',
      bulk: { verb: 'discard', doneIn: 'discarded' },
    },
    run: async ({ body, by }, deps: HeldDeps) => {
      const report = await discardHeld(deps, { ...body, ...toOrder(body, by) });
      return viewBulk(report, body.preview, 'discarded');
    },
  }),
  read('/api/held/:id', {
    operationId: 'getHeldMessage',
    summary: 'See a held message and its draft',
    response: messageResponse
      .extend({ draft: z.unknown().meta({ description: 'What would be sent' }) })
      .meta({ id: 'HeldMessage', title: 'A held message with its draft' }),
    problems: [404],
    run: async (request, deps: HeldDeps) => {
      const message = await findMessage(deps, requireMessageId(request, notHeld));
      if (message?.state !== 'held') throw new ServiceError('not-found', notHeld);
      return { ...viewMessage(message), draft: JSON.parse(message.draft ?? 'null') as unknown };
    },
  }),
];

export function viewHeld(message: MessageSummary, nowMs: number): z.output<typeof heldItem> {
  return {
    ...viewMessageSummary(message),
    held_at: toIso(message.updatedAt),
    age_seconds: Math.max(0, Math.floor((nowMs - message.createdAt) / 1_000)),
    ...(message.notAfter === undefined ? {} : { not_after: toIso(message.notAfter) }),
    ...(message.mayHaveLeft ? { may_have_left: true } : {}),
    planned_in: message.mode,
  };
}
