import type { Order } from '../gate/act-audited.ts';
import type { BulkReport } from '../gate/act-in-bulk.ts';
import type { DeadOrder } from '../http/operator-requests.ts';
import type { Operator } from '../http/operator-services.ts';

export function toOrder({ reason }: { readonly reason: string }, { clientId, requestId }: Operator): Order {
  return { actor: clientId, reason, requestId };
}

export function toDeadOrder(order: DeadOrder, by: Operator) {
  const { ids, filter = {}, limit, preview } = order;
  return { ...toOrder(order, by), limit, preview, filter: ids === undefined ? filter : { ids } };
}

/** A query is a filter and a place in the list. */
export function toAsk<Q extends { readonly limit: number; readonly cursor?: string | undefined }>(query: Q) {
  const { limit, cursor, ...filter } = query;
  return { filter, limit, cursor };
}

export function viewBulk(report: BulkReport, preview: boolean) {
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
