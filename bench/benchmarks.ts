import type { Benchmark } from './benchmark.ts';
import { batchIntake } from './measure/batch-intake.ts';
import { journey } from './measure/journey.ts';
import { mailDelivery } from './measure/mail-delivery.ts';
import { memory } from './measure/memory.ts';
import { permit } from './measure/permit.ts';
import { singleIntake } from './measure/single-intake.ts';
import { startUp } from './measure/start-up.ts';
import { stop } from './measure/stop.ts';
import { stopPermits } from './measure/stop-permits.ts';
import { storeCommands } from './measure/store-commands.ts';
import { storeSize } from './measure/store-size.ts';

/** Every benchmark there is, in the order of PRF-1. */
export const curves: readonly Benchmark[] = [];
export const benchmarks: readonly Benchmark[] = [
  singleIntake,
  batchIntake,
  journey,
  mailDelivery,
  permit,
  stop,
  stopPermits,
  storeSize,
  storeCommands,
  memory,
  startUp,
];
