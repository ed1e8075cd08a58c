import { ServiceError } from '../domain/errors.ts';
import { valueAt } from './flags.ts';
import type { GateWatch } from './gate-watch.ts';

/**
 * Throws while no event is to be accepted.
 *
 * @throws ServiceError `store-unavailable` when the gate cannot be read, `ingestion-paused` when a person paused the intake
 */
export function checkIngest(watch: Pick<GateWatch, 'current'>, nowMs: number): void {
  const state = watch.current();
  if (state === undefined) {
    const detail = 'The store cannot be read now. Send the same request again.';
    throw new ServiceError('store-unavailable', detail, { retryAfterSeconds: 2 });
  }
  if (valueAt(state.flags.ingest, nowMs) === 'off') {
    const detail = 'An operator paused intake. Nothing was accepted; send the same request again later.';
    throw new ServiceError('ingestion-paused', detail, { retryAfterSeconds: 30 });
  }
}
