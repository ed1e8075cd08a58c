/** What is acted upon in bulk. */
export interface BulkItem {
  readonly id: string;
  readonly type: string;
  readonly mode: string;
  readonly mayHaveLeft: boolean;
}

/** What one bulk action asks: how many at most, and whether only to look. */
export interface BulkOrder {
  readonly preview: boolean;
  readonly limit: number;
}

export interface BulkReport {
  /** Items that the filter found. */
  matched: number;
  /** Items that were acted upon. Always 0 in a preview. */
  done: number;
  /** Of those that may be acted upon: planned as a rehearsal, which they stay. */
  rehearsals: number;
  /** Of those that may be acted upon: an earlier attempt got no answer, so a copy may be out already. */
  mayHaveLeft: number;
  /** Those that may be acted upon, by event type. */
  readonly byType: Record<string, number>;
  /** Those that may not be, or were not after all, by the word that says why. */
  readonly skipped: Record<string, number>;
  /** The same, one by one; the first `failuresMax`. */
  readonly failed: { id: string; why: string }[];
  /** True when there are more than `limit`. */
  more: boolean;
}

export interface BulkAction<T> {
  /** Why this item may not be acted upon, as a word; `turn` counts those that may, from 0. */
  readonly judge: (item: T, turn: number) => string | undefined;
  /** Acts; answers a word when the store refused after all. */
  readonly act: (item: T, turn: number) => Promise<string | undefined>;
}

/** Acts under way at the same time: they share round trips and fsyncs. */
const atOnce = 50;
const failuresMax = 100;

/**
 * Judges every item of the walk and, unless it is a preview, acts on those that pass, `limit` at most. `ids` are
 * those asked for by name: what the walk did not find of them is reported as `not_found`.
 */
export async function actInBulk<T extends BulkItem>(
  walk: AsyncIterable<readonly T[]>,
  order: BulkOrder & { readonly ids?: readonly string[] | undefined },
  action: BulkAction<T>,
): Promise<BulkReport> {
  const report = openReport();
  const missing = new Set(order.ids);
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

function openReport(): BulkReport {
  const counts = { matched: 0, done: 0, rehearsals: 0, mayHaveLeft: 0 };
  return { ...counts, byType: {}, skipped: {}, failed: [], more: false };
}

function judgeItem(report: BulkReport, item: BulkItem, word: string | undefined): boolean {
  report.matched += 1;
  if (word !== undefined) {
    noteSkip(report, item.id, word);
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
  const words = await Promise.all(acts.map(({ item, turn }) => action.act(item, turn)));
  for (const [index, word] of words.entries()) {
    if (word === undefined) report.done += 1;
    else noteSkip(report, acts[index]?.item.id ?? '', word);
  }
}

function noteSkip(report: BulkReport, id: string, word: string): void {
  report.skipped[word] = (report.skipped[word] ?? 0) + 1;
  if (report.failed.length < failuresMax) report.failed.push({ id, why: word });
}
