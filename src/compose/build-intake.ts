import { ServiceError } from '../domain/errors.ts';
import { valueAt } from '../gate/flags.ts';
import { type ClientLimit, createClientLimit } from '../ingest/limit-clients.ts';
import { createCapacityWatch } from '../ingest/watch-capacity.ts';
import type { Foundation } from './build-foundation.ts';
import type { GateParts } from './build-gate.ts';
import { runTask } from './run-task.ts';

export interface Intake {
  /** Throws `store-unavailable`, `ingestion-paused` or `over-capacity` (503) while no event is to be taken. */
  checkIntake(): void;
  readonly clientLimit: ClientLimit;
}

const capacityEveryMs = 1_000;

/** Whether events are taken at all now, and how many of each client. Neither question costs a round trip. */
export function buildIntake(foundation: Foundation, gate: GateParts): Intake {
  const { configuration, redis, keys, log, now, monotonicNow, reportError } = foundation;
  const { values } = configuration;
  const capacity = createCapacityWatch({
    redis: redis.commands,
    keys,
    budget: { memoryShareMax: values.STORE_MEMORY_SHARE_MAX, backlogMax: values.BACKLOG_MAX },
    onChange: (verdict) => log.warn({ ...verdict }, 'intake capacity changed'),
  });
  // Without an answer the last verdict stands; that the store is away is told by the gate.
  runTask(foundation, { name: 'capacity watch', everyMs: capacityEveryMs, run: () => capacity.look() });
  return {
    checkIntake: () => {
      refuseWhenPaused(gate, now());
      capacity.check();
    },
    clientLimit: createClientLimit({
      redis: redis.commands,
      keys,
      ratePerMinute: values.CLIENT_RATE_PER_MINUTE,
      burst: values.CLIENT_BURST,
      burden: () => capacity.burden(),
      now: monotonicNow,
      onError: (error) => reportError('client limit', error),
    }),
  };
}

function refuseWhenPaused(gate: GateParts, nowMs: number): void {
  const state = gate.watch.current();
  if (state === undefined) {
    const detail = 'The store cannot be read now. Send the same request again.';
    throw new ServiceError('store-unavailable', detail, { retryAfterSeconds: 2 });
  }
  if (valueAt(state.flags.ingest, nowMs) === 'off') {
    const detail = 'An operator paused intake. Nothing was accepted; send the same request again later.';
    throw new ServiceError('ingestion-paused', detail, { retryAfterSeconds: 30 });
  }
}
