import { viewDraft } from '../deliver/draft-message.ts';
import { viewMessage } from '../deliver/message-view.ts';
import { type SearchDesk, searchMessages } from '../deliver/search-messages.ts';
import { shardOf } from '../domain/ids.ts';
import { parseInstant } from '../domain/instant.ts';
import { cancelWaiting, discardHeld, type HoldDesk, listHeld, releaseHeld } from '../gate/holds.ts';
import { findHold } from '../gate/send-status.ts';
import type { OperatorServices } from '../http/operator-services.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { toAsk, toOrder, viewBulk } from './operator-orders.ts';
import type { OperatorParts } from './operator-parts.ts';

type MessageServices = Pick<
  OperatorServices,
  | 'searchMessages'
  | 'draftMessage'
  | 'cancelWaiting'
  | 'listHeld'
  | 'readHeld'
  | 'releaseHeld'
  | 'discardHeld'
>;

/** Messages as operators find them, and those that wait: held for a person, or for their turn. */
export function buildMessageServices(parts: OperatorParts, desk: HoldDesk & SearchDesk): MessageServices {
  const { redis, keys } = desk;
  return {
    searchMessages: ({ to, limit, cursor, since, until, ...filter }) =>
      searchMessages(desk, {
        to,
        limit,
        cursor,
        filter: { ...filter, ...toSpan('since', since), ...toSpan('until', until) },
      }),
    draftMessage: async (id) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const message = await readMessageRecord(redis, keys.of(id), id);
      return message === undefined ? undefined : viewDraft(parts.renderer, message);
    },
    cancelWaiting: async (order, by) => {
      const report = await cancelWaiting(desk, { ...order, ...toOrder(order, by) });
      return { ...viewBulk(report, order.preview), cancelled: report.done };
    },
    listHeld: (query) => listHeld(desk, toAsk(query)),
    readHeld: async (id) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const message = await readMessageRecord(redis, keys.of(id), id);
      if (message?.state !== 'held') return undefined;
      const draft: unknown = JSON.parse(message.draft ?? 'null');
      return { ...viewMessage(message), draft };
    },
    releaseHeld: async ({ max_age_seconds, per_minute, while_stopped, ...order }, by) => {
      const status = while_stopped ? undefined : await parts.readSendStatus();
      const report = await releaseHeld(desk, {
        ...order,
        ...toOrder(order, by),
        ...(max_age_seconds === undefined ? {} : { maxAgeMs: max_age_seconds * 1_000 }),
        ...(per_minute === undefined ? {} : { perMinute: per_minute }),
        ...(status === undefined ? {} : { findHold: (message) => findHold(status, message) }),
      });
      const { lastDueAt } = report;
      const last = lastDueAt === undefined ? {} : { last_due_at: new Date(lastDueAt).toISOString() };
      return { ...viewBulk(report, order.preview), released: report.done, ...last };
    },
    discardHeld: async (order, by) => {
      const report = await discardHeld(desk, { ...order, ...toOrder(order, by) });
      return { ...viewBulk(report, order.preview), discarded: report.done };
    },
  };
}

function toSpan<Name extends 'since' | 'until'>(
  name: Name,
  text: string | undefined,
): Partial<Record<Name, number>> {
  const atMs = text === undefined ? undefined : parseInstant(text);
  return atMs === undefined ? {} : ({ [name]: atMs } as Record<Name, number>);
}
