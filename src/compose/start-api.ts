import { readQueueStatus, readWaitingAges } from '../deliver/queue-status.ts';
import { readSendStatus } from '../gate/send-status.ts';
import { closedWhys } from '../http/bound-connections.ts';
import { createHttpApp } from '../http/create-http-app.ts';
import { createHttpServer } from '../http/create-http-server.ts';
import { listEventTypes } from '../http/openapi/event-schemas.ts';
import { countQuarantine } from '../identity/list-quarantine.ts';
import type { OperatorDeps } from '../operator/operations.ts';
import { buildCatalog } from './build-catalog.ts';
import { type Foundation, keepOpeningStore } from './build-foundation.ts';
import { buildGate } from './build-gate.ts';
import { buildHttpServices } from './build-http-services.ts';
import { buildIdentity } from './build-identity.ts';
import { exportStoreState } from './check-dependencies.ts';
import { serveMetrics } from './serve-metrics.ts';
import { readRelease, startPreflight } from './start-preflight.ts';

const storePatienceMs = 2_000;

/**
 * Starts the API. It listens even when the store or the issuer is away: then it says so, with the right status,
 * on every route. Answers the address that it listens on.
 */
export async function startApi(foundation: Foundation): Promise<string> {
  const { configuration, log, metrics, now, monotonicNow, shutdown } = foundation;
  const { values } = configuration;
  const { catalog, renderer } = buildCatalog(configuration, now);
  metrics.admitTypes(catalog.types());
  const identity = buildIdentity(configuration, { now, monotonicNow });
  const gate = buildGate(foundation);
  // A store that is there is worth a moment: else the first posts would meet a gate that nobody has read yet.
  await keepOpeningStore(foundation, storePatienceMs);
  await gate.watch.start();
  const life = new AbortController();
  shutdown.push('key set', () => life.abort());
  identity.keySet.start(life.signal);
  const release = readRelease(foundation, { catalog, renderer });
  const isPreflightPassed = await startPreflight(foundation, {
    process: 'api',
    release,
    brand: catalog.shared.brand,
  });
  const { services, operator } = buildHttpServices(foundation, {
    identity,
    catalog,
    renderer,
    gate,
    isPreflightPassed,
  });
  collectGauges(foundation, operator);
  exportStoreState(foundation, () => services.checkDependencies());
  const ownMetricsPort = values.METRICS_PORT;
  const options = { appBaseUrl: configuration.appBaseUrl, programVersion: foundation.version };
  const app = createHttpApp(services, {
    ...options,
    eventTypes: listEventTypes(catalog),
    ...(ownMetricsPort === undefined ? { readMetrics: () => metrics.render() } : {}),
  });
  for (const why of closedWhys) metrics.countConnectionClosed(why, 0);
  const server = createHttpServer(app, {
    host: values.HOST,
    port: values.PORT,
    onConnectionClosed: (why) => metrics.countConnectionClosed(why),
  });
  await server.start();
  shutdown.push(server.name, (deadlineMs) => {
    app.drain.leave();
    return server.stop(deadlineMs);
  });
  if (ownMetricsPort !== undefined) await serveMetrics(foundation, services, ownMetricsPort);
  log.info({ url: server.url }, 'ready');
  return server.url;
}

/** What the whole fleet shares, read from the store at each scrape. */
function collectGauges({ metrics }: Foundation, operator: OperatorDeps): void {
  metrics.onCollect(async () => {
    const [queue, send] = await Promise.all([readQueueStatus(operator), readSendStatus(operator)]);
    metrics.setSendState({
      sending: send.isSending,
      dryRun: send.mode === 'dry_run',
      ingestionPaused: queue.isIngestPaused,
      consumersPaused: queue.areConsumersPaused,
      epoch: send.epoch,
      inFlight: send.inFlight,
    });
    const { queues, messages, held, deadLetters, parked } = queue;
    return { queues, messages, held, deadLetters, parked: parked.events + parked.messages };
  });
  metrics.onCollect(async () => ({ quarantine: await countQuarantine(operator) }));
  metrics.onCollect(async () => ({ oldestMessageAgeMs: await readWaitingAges(operator) }));
}
