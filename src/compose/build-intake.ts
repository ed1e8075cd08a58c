import { checkIngest } from '../gate/check-ingest.ts';
import { type ClientLimit, createClientLimit } from '../ingest/limit-clients.ts';
import { createCapacityWatch } from '../ingest/watch-capacity.ts';
import { runTask } from '../runtime/run-task.ts';
import type { Foundation } from './build-foundation.ts';
import type { GateParts } from './build-gate.ts';

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
      checkIngest(gate.watch, now());
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
