import { ServiceError } from '../../domain/errors.ts';
import type { ApiContext } from '../context.ts';
import type { Exchange } from '../exchange.ts';
import { describeProblem, faultsMax } from '../problem.ts';
import type { Reply } from '../route.ts';
import { replyJson } from '../route.ts';
import { type Receipt, viewReceipt } from './accept-checked.ts';

/**
 * 202 when one item or more is on disk, with a result for each. When nothing is, the whole is a problem with
 * the same members: that of the first fault that is not the caller's (503, 429, 500), so that it tries again, else 422.
 */
export function replyBatch(
  results: readonly (Receipt | ServiceError)[],
  exchange: Exchange,
  { baseUrl }: Pick<ApiContext, 'baseUrl'>,
): Reply {
  const { requestId } = exchange;
  // The bound of one problem holds for all of them together; but each tells one fault at least.
  let faultsLeft = faultsMax;
  const describe = (fault: ServiceError): Readonly<Record<string, unknown>> => {
    const toldMax = Math.max(1, faultsLeft);
    faultsLeft -= fault.options.faults?.length ?? 0;
    return describeProblem(fault, { requestId, baseUrl, faultsMax: toldMax });
  };
  const receipts = results.filter((result): result is Receipt => !(result instanceof ServiceError));
  const faults = results.filter((result): result is ServiceError => result instanceof ServiceError);
  const body = {
    results: results.map((result, index) =>
      result instanceof ServiceError
        ? { index, state: 'rejected', status: 'rejected', problem: describe(result) }
        : { index, ...viewReceipt(result), event_id: result.eventId },
    ),
    accepted: receipts.length,
    rejected: faults.length,
  };
  const [first] = receipts;
  if (first !== undefined) return replyJson(202, { ...body, dry_run: first.dryRun, request_id: requestId });
  const passing = faults.find(({ row }) => row.status >= 500 || row.kind === 'limited');
  if (passing === undefined) {
    throw new ServiceError('invalid-event-data', 'no event of the batch is acceptable; see results', {
      extra: body,
    });
  }
  throw new ServiceError(passing.code, passing.message, { ...passing.options, extra: body });
}
