import type { Benchmark } from './benchmark.ts';
import { batchIntake } from './measure/batch-intake.ts';
import { curveClients } from './measure/curve-clients.ts';
import { curveDepth } from './measure/curve-depth.ts';
import { curveSenders } from './measure/curve-senders.ts';
import { curveSuppressions } from './measure/curve-suppressions.ts';
import { curveTemplates } from './measure/curve-templates.ts';
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

/** What is held against the plain stack, in the order of PRF-1. */
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

/** How fast ours is while one thing grows; only where they are asked for, because a million events take their time. */
export const curves: readonly Benchmark[] = [
  curveDepth,
  curveClients,
  curveSuppressions,
  curveTemplates,
  curveSenders,
];
