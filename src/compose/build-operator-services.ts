import { discardDeadLetters, listDeadLetters, replayDeadLetters } from '../deliver/dead-letters.ts';
import { viewMessage } from '../deliver/message-view.ts';
import { listUnknowns, resolveUnknown } from '../deliver/unknowns.ts';
import { type EventId, shardOf } from '../domain/ids.ts';
import type { Order } from '../gate/act-audited.ts';
import type { BulkReport } from '../gate/act-in-bulk.ts';
import { readAudit } from '../gate/audit-chain.ts';
import { discardHeld, listHeld, releaseHeld } from '../gate/holds.ts';
import { addSuppressions, listSuppressions, removeSuppression } from '../gate/suppressions.ts';
import { type AuditVerdict, verifyAudit } from '../gate/verify-audit.ts';
import type { OperatorAnswer } from '../http/operator-answers.ts';
import type { DeadOrder } from '../http/operator-requests.ts';
import type { Operator, OperatorServices } from '../http/operator-services.ts';
import { hashAddress } from '../observe/address-hash.ts';
import { settleDeadEvent } from '../plan/settle-dead-event.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { buildControlServices } from './build-control-services.ts';
import { buildDiagnostics } from './build-diagnostics.ts';
import type { OperatorParts } from './operator-parts.ts';

/** The operator's side of the gate, from the stages that do it. */
export function buildOperatorServices(parts: OperatorParts): OperatorServices {
  const { foundation, gate } = parts;
  const { configuration, keys, jobs, now, reportError } = foundation;
  const redis = foundation.redis.commands;
  const settleEvent = (id: EventId, to: 'accepted' | 'rejected', reason: string): Promise<boolean> =>
    settleDeadEvent({ redis, keys, retentionMs: gate.retentionMs }, id, to, reason);
  const desk = { redis, keys, jobs, now, reportError, decisions: gate.decisions, settleEvent };
  const addresses = {
    redis,
    keys,
    now,
    hashAddress: (channel: 'email' | 'sms', address: string): string =>
      hashAddress(configuration.values.ADDRESS_HASH_KEY ?? '', channel, address),
  };
  return {
    ...buildControlServices(parts),
    listHeld: (query) => listHeld(desk, toAsk(query)),
    readHeld: async (id) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const message = await readMessageRecord(redis, keys.of(id), id);
      if (message?.state !== 'held') return undefined;
      const draft: unknown = JSON.parse(message.draft ?? 'null');
      return { ...viewMessage(message), draft };
    },
    releaseHeld: async ({ max_age_seconds, per_minute, ...order }, by) => {
      const report = await releaseHeld(desk, {
        ...order,
        ...toOrder(order, by),
        ...(max_age_seconds === undefined ? {} : { maxAgeMs: max_age_seconds * 1_000 }),
        ...(per_minute === undefined ? {} : { perMinute: per_minute }),
      });
      const { lastDueAt } = report;
      const last = lastDueAt === undefined ? {} : { last_due_at: new Date(lastDueAt).toISOString() };
      return { ...viewBulk(report, order.preview), released: report.done, ...last };
    },
    discardHeld: async (order, by) => {
      const report = await discardHeld(desk, { ...order, ...toOrder(order, by) });
      return { ...viewBulk(report, order.preview), discarded: report.done };
    },
    listDeadLetters: (query) => listDeadLetters(desk, toAsk(query)),
    replayDeadLetters: async (order, by) => {
      const report = await replayDeadLetters(desk, toDeadOrder(order, by));
      return { ...viewBulk(report, order.preview), replayed: report.done, failed: report.failed };
    },
    discardDeadLetters: async (order, by) => {
      const report = await discardDeadLetters(desk, toDeadOrder(order, by));
      return { ...viewBulk(report, order.preview), discarded: report.done, failed: report.failed };
    },
    listUnknowns: (query) => listUnknowns(desk, toAsk(query)),
    resolveUnknown: (id, order, by) => resolveUnknown(desk, toOrder(order, by), id, order.resolution),
    listSuppressions: (query) => listSuppressions(addresses, query),
    addSuppressions: (order, by) => addSuppressions(addresses, toOrder(order, by), order.entries),
    removeSuppression: (order, by) => removeSuppression(addresses, toOrder(order, by), order),
    readAudit: (limit) => readAudit(redis, keys.shard(0), limit),
    verifyAudit: async (expected) => viewVerdict(await verifyAudit(redis, keys.shard(0), expected)),
    readDiagnostics: buildDiagnostics(parts),
  };
}

function viewVerdict({ sealedUpTo, ...verdict }: AuditVerdict): OperatorAnswer<'AuditVerdict'> {
  return { ...verdict, sealed_up_to: sealedUpTo };
}

function toOrder({ reason }: { readonly reason: string }, { clientId, requestId }: Operator): Order {
  return { actor: clientId, reason, requestId };
}

function toDeadOrder(order: DeadOrder, by: Operator) {
  const { ids, filter = {}, limit, preview } = order;
  return { ...toOrder(order, by), limit, preview, filter: ids === undefined ? filter : { ids } };
}

/** A query is a filter and a place in the list. */
function toAsk<Q extends { readonly limit: number; readonly cursor?: string | undefined }>(query: Q) {
  const { limit, cursor, ...filter } = query;
  return { filter, limit, cursor };
}

function viewBulk(report: BulkReport, preview: boolean) {
  const { matched, skipped, byType, rehearsals, mayHaveLeft, more } = report;
  return {
    preview,
    matched,
    skipped,
    by_type: byType,
    dry_run: rehearsals,
    may_have_left: mayHaveLeft,
    more,
  };
}
