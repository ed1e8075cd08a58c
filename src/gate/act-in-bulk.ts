import { type AuditDeps, type AuditOrder, actAudited } from './act-audited.ts';

/** What is acted upon in bulk. */
export interface BulkItem {
  readonly id: string;
  readonly type: string;
  readonly mode: string;
  readonly mayHaveLeft: boolean;
}

/** A request for a bulk action: on what, how many at most, and whether only to look. */
export interface BulkOrder<Filter extends BulkFilter> extends AuditOrder {
  readonly filter: Filter;
  readonly preview: boolean;
  readonly limit: number;
}

interface BulkFilter {
  /** Those asked for by name: what is not found of them is reported as `not_found`. */
  readonly ids?: readonly string[] | undefined;
}

export interface BulkReport {
  /** Items that the filter found. */
  matched: number;
  /** Items that were acted upon. Always 0 in a preview. */
  done: number;
  /** Of those that may be acted upon: planned as a rehearsal, which they stay. */
  rehearsals: number;
  /** Of those that may be acted upon: an earlier attempt got no response, so a copy may be out already. */
  mayHaveLeft: number;
  /** Those that may be acted upon, by event type. */
  readonly byType: Record<string, number>;
  /** Those that may not be, or were not after all, by reason. */
  readonly skipped: Record<string, number>;
  /** The same, one by one; the first `failuresMax`. */
  readonly failed: { id: string; why: string }[];
  /** True when there are more than `limit`. */
  more: boolean;
}

export interface BulkAction<T> {
  /** As the audit names it. */
  readonly action: string;
  /** The reason why this item may not be acted upon; `turn` counts those that may, from 0. */
  readonly judge: (item: T, turn: number) => string | undefined;
  /** Acts; returns a reason when the store refused after all. */
  readonly act: (item: T, turn: number) => Promise<string | undefined>;
}

/** Acts under way at the same time: they share round trips and fsyncs. */
const atOnce = 50;
const failuresMax = 100;

/**
 * Judges every item of the walk and, unless it is a preview, acts on those that pass, `limit` at most. The audit chain
 * has the order first, and what came of it after; a preview leaves no trace.
 */
export async function actInBulk<T extends BulkItem>(
  deps: AuditDeps,
  order: BulkOrder<BulkFilter>,
  walk: AsyncIterable<readonly T[]>,
  action: BulkAction<T>,
): Promise<BulkReport> {
  if (order.preview) return await walkItems(walk, order, action);
  const detail = { filter: order.filter, limit: order.limit };
  return await actAudited(deps, order, { action: action.action, detail }, async () => {
    const result = await walkItems(walk, order, action);
    return { result, detail: { matched: result.matched, done: result.done, skipped: result.skipped } };
  });
}

async function walkItems<T extends BulkItem>(
  walk: AsyncIterable<readonly T[]>,
  order: BulkOrder<BulkFilter>,
  action: BulkAction<T>,
): Promise<BulkReport> {
  const counts = { matched: 0, done: 0, rehearsals: 0, mayHaveLeft: 0 };
  const report: BulkReport = { ...counts, byType: {}, skipped: {}, failed: [], more: false };
  const missing = new Set(order.filter.ids);
  let turns = 0;
  for await (const slice of cutSlices(walk)) {
    const acts: Act<T>[] = [];
    for (const item of slice) {
      if (turns >= order.limit) report.more = true;
      if (report.more && !order.preview) break;
      missing.delete(item.id);
      if (!judgeItem(report, item, action.judge(item, turns))) continue;
      acts.push({ item, turn: turns });
      turns += 1;
    }
    if (order.preview) continue;
    await actAtOnce(report, acts, action);
    if (report.more) return report;
  }
  for (const id of missing) noteSkip(report, id, 'not_found');
  return report;
}

interface Act<T> {
  readonly item: T;
  readonly turn: number;
}

async function* cutSlices<T>(walk: AsyncIterable<readonly T[]>): AsyncGenerator<readonly T[]> {
  for await (const batch of walk)
    for (let from = 0; from < batch.length; from += atOnce) yield batch.slice(from, from + atOnce);
}

function judgeItem(report: BulkReport, item: BulkItem, reason: string | undefined): boolean {
  report.matched += 1;
  if (reason !== undefined) {
    noteSkip(report, item.id, reason);
    return false;
  }
  report.byType[item.type] = (report.byType[item.type] ?? 0) + 1;
  report.rehearsals += Number(item.mode === 'dry_run');
  report.mayHaveLeft += Number(item.mayHaveLeft);
  return true;
}

async function actAtOnce<T extends BulkItem>(
  report: BulkReport,
  acts: readonly Act<T>[],
  action: BulkAction<T>,
): Promise<void> {
  const reasons = await Promise.all(acts.map(({ item, turn }) => action.act(item, turn)));
  for (const [index, reason] of reasons.entries()) {
    if (reason === undefined) report.done += 1;
    else noteSkip(report, acts[index]?.item.id ?? '', reason);
  }
}

function noteSkip(report: BulkReport, id: string, reason: string): void {
  report.skipped[reason] = (report.skipped[reason] ?? 0) + 1;
  if (report.failed.length < failuresMax) report.failed.push({ id, why: reason });
}
