import { setImmediate } from 'node:timers/promises';
import { ServiceError } from '../../domain/errors.ts';
import { checkEvent } from '../../ingest/check-event.ts';
import { type BatchItem, parseBatch } from '../../ingest/parse-event.ts';
import type { ApiContext } from '../context.ts';
import type { Exchange } from '../exchange.ts';
import { takeAllowance } from '../pipeline/limit-client.ts';
import { describeProblem, faultsMax, toServiceError } from '../problem.ts';
import { type Reply, replyJson } from '../route.ts';
import { acceptChecked, chooseIntake, type Receipt, readPost, viewReceipt } from './accept-checked.ts';

/** Items that wait for the store at one time: enough to share its fsync, too few to crowd single events out. */
const itemsAtOnce = 64;

/** Each item stands for itself: accepted as if it had been posted alone, or rejected with its own problem. */
export async function postEventBatch(exchange: Exchange, context: ApiContext): Promise<Reply> {
  const { services } = context;
  const intake = chooseIntake(exchange, services);
  const items = parseBatch(readPost(exchange));
  await takeAllowance(exchange, services.clientLimit, items.length - 1);
  const acceptItem = async (item: BatchItem): Promise<Receipt | ServiceError> => {
    try {
      if (item instanceof ServiceError) return item;
      return await acceptChecked(checkEvent(item, services.catalog), exchange, intake);
    } catch (thrown) {
      return noteBug(exchange, toServiceError(thrown));
    }
  };
  return replyBatch(await runBounded(items, itemsAtOnce, acceptItem), exchange, context);
}

/** A bug in one item must reach the log, though the others are answered. */
function noteBug(exchange: Exchange, fault: ServiceError): ServiceError {
  if (fault.code === 'internal-error') exchange.error = fault.cause;
  return fault;
}

/** Work of others waits no longer than this while items are handled that themselves wait for nothing. */
const turnMsMax = 10;

/**
 * The results in the order of the items, with at most `concurrency` of them under way at a time. Between two items the
 * event loop gets its turn when it has waited for long: a batch of which every item is refused is no exception.
 */
export async function runBounded<T, R>(
  items: readonly T[],
  concurrency: number,
  run: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const entries = items.entries();
  let turnBegan = performance.now();
  const work = async (): Promise<void> => {
    // One iterator shared by all workers: each item is taken once.
    for (const [index, item] of entries) {
      results[index] = await run(item);
      if (performance.now() - turnBegan < turnMsMax) continue;
      await setImmediate();
      turnBegan = performance.now();
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work));
  return results;
}

/**
 * 202 when one item or more is on disk, with a result for each. When nothing is, the whole is a problem with
 * the same members: that of the first error that is not the caller's (503, 429, 500), so that it tries again, else 422.
 */
function replyBatch(
  results: readonly (Receipt | ServiceError)[],
  exchange: Exchange,
  { baseUrl }: Pick<ApiContext, 'baseUrl'>,
): Reply {
  const { requestId } = exchange;
  // The bound of one problem holds for all of them together; but each tells one error at least.
  let faultsLeft = faultsMax;
  const describe = (fault: ServiceError): Readonly<Record<string, unknown>> => {
    const toldMax = Math.max(1, faultsLeft);
    faultsLeft -= fault.options.errors?.length ?? 0;
    return describeProblem(fault, { requestId, baseUrl, faultsMax: toldMax });
  };
  const receipts = results.filter((result): result is Receipt => !(result instanceof ServiceError));
  const errors = results.filter((result): result is ServiceError => result instanceof ServiceError);
  const body = {
    results: results.map((result, index) =>
      result instanceof ServiceError
        ? { index, state: 'rejected', status: 'rejected', problem: describe(result) }
        : { index, ...viewReceipt(result), event_id: result.eventId },
    ),
    accepted: receipts.length,
    rejected: errors.length,
  };
  const [first] = receipts;
  if (first !== undefined) return replyJson(202, { ...body, dry_run: first.dryRun, request_id: requestId });
  const passing = errors.find(({ row }) => row.status >= 500 || row.status === 429);
  if (passing === undefined) {
    throw new ServiceError('invalid-event-data', 'no event of the batch is acceptable; see results', {
      extra: body,
    });
  }
  throw new ServiceError(passing.code, passing.message, { ...passing.options, extra: body });
}
