import type { Configuration } from '../config/derive-configuration.ts';
import { readEnvironment } from '../config/environment.ts';
import { ConfigurationError, readConfiguration } from '../config/read-configuration.ts';
import { superviseProcess } from '../runtime/run-process.ts';
import { watchEventLoop } from '../runtime/watch-event-loop.ts';
import { buildFoundation, type Foundation, openFoundationStore } from './build-foundation.ts';
import { createDependencyCheck, exportStoreState } from './check-dependencies.ts';
import { serveMetrics } from './serve-metrics.ts';

const storeWaitMs = 10 * 60_000;
/** Twice the lock of a job: by then another worker has what this one holds. */
const loopBlockedMs = 20_000;

/**
 * Runs one process of the service from its start to its end. An error of the configuration is told whole and ends
 * the process with 78 (EX_CONFIG of sysexits.h) before anything is opened.
 */
export async function runProcess(
  service: string,
  start: (foundation: Foundation) => Promise<unknown>,
): Promise<void> {
  const configuration = readOrExit();
  const foundation = buildFoundation(configuration, service);
  const { log, shutdown } = foundation;
  const drainMs = configuration.values.DRAIN_SECONDS * 1_000;
  superviseProcess({ name: service, stop: (deadlineMs) => shutdown.run(deadlineMs), drainMs, log });
  const loopWatch = watchEventLoop(loopBlockedMs);
  shutdown.push('event loop watch', () => loopWatch.stop());
  try {
    await start(foundation);
  } catch (error) {
    log.fatal({ err: error }, 'could not start');
    await shutdown.run(2_000);
    process.exit(error instanceof ConfigurationError ? 78 : 1);
  }
}

/** Runs a worker process: waits for the store, serves its own metrics and probes, then works. */
export async function runWorker(
  service: string,
  start: (foundation: Foundation) => Promise<void>,
): Promise<void> {
  await runProcess(service, async (foundation) => {
    await serveProbes(foundation);
    await openFoundationStore(foundation, storeWaitMs);
    await start(foundation);
    foundation.log.info({}, 'ready');
  });
}

async function serveProbes(foundation: Foundation): Promise<void> {
  const { METRICS_PORT } = foundation.configuration.values;
  if (METRICS_PORT === undefined) return;
  const checkDependencies = createDependencyCheck(foundation);
  exportStoreState(foundation, checkDependencies);
  await serveMetrics(foundation, { checkDependencies, onRequestEnd: () => undefined }, METRICS_PORT);
}

function readOrExit(): Configuration {
  try {
    return readConfiguration(readEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(78);
  }
}
