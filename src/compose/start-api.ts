import type { QueueStatus } from '../deliver/queue-status.ts';
import { createHttpApp, createMetricsApp } from '../http/create-http-app.ts';
import { createHttpServer } from '../http/create-http-server.ts';
import { readQuarantineFigures } from '../identity/quarantine-desk.ts';
import { buildCatalog } from './build-catalog.ts';
import { type Foundation, keepOpeningStore } from './build-foundation.ts';
import { buildGate } from './build-gate.ts';
import { buildHttpServices } from './build-http-services.ts';
import { buildIdentity } from './build-identity.ts';
import { describeEventTypes } from './describe-event-types.ts';

/**
 * Starts the API. It listens even when the store or the issuer is away: then it says so, with the right status,
 * on every route. Answers the address that it listens on.
 */
export async function startApi(foundation: Foundation): Promise<string> {
  const { configuration, redis, keys, log, metrics, now, monotonicNow, releases } = foundation;
  const { values } = configuration;
  const { catalog } = buildCatalog(configuration, now);
  metrics.admitTypes(catalog.types());
  const identity = buildIdentity(configuration, { now, monotonicNow });
  const gate = buildGate(foundation);
  keepOpeningStore(foundation);
  await gate.watch.start();
  const life = new AbortController();
  releases.push('key set', async () => {
    life.abort();
    await identity.keySet.stop();
  });
  await identity.keySet.start(life.signal);
  const services = buildHttpServices(foundation, { identity, catalog, gate });
  metrics.onCollect(async () => toFigures(await services.readQueueStatus()));
  metrics.onCollect(async () => ({
    quarantine: await readQuarantineFigures({ redis: redis.commands, keys, now }),
  }));
  const ownMetricsPort = values.METRICS_PORT;
  const options = { appBaseUrl: configuration.appBaseUrl, programVersion: foundation.version };
  const app = createHttpApp(services, {
    ...options,
    eventTypes: describeEventTypes(catalog),
    ...(ownMetricsPort === undefined ? { readMetrics: () => metrics.render() } : {}),
  });
  const server = createHttpServer(app, { host: values.HOST, port: values.PORT });
  await server.start();
  releases.push(server.name, (deadlineMs) => server.stop(deadlineMs));
  if (ownMetricsPort !== undefined) {
    const metricsServer = createHttpServer(
      createMetricsApp(services, { ...options, readMetrics: () => metrics.render() }),
      {
        host: values.HOST,
        port: ownMetricsPort,
      },
    );
    await metricsServer.start();
    releases.push('metrics server', (deadlineMs) => metricsServer.stop(deadlineMs));
  }
  log.info({ url: server.url }, 'ready');
  return server.url;
}

function toFigures(status: QueueStatus) {
  const queues = Object.fromEntries(
    Object.entries(status.queues).map(([name, { waiting, active, delayed, oldest_age_ms }]) => [
      name,
      { waiting, active, delayed, oldestAgeMs: oldest_age_ms },
    ]),
  );
  return { queues, messages: status.messages, held: status.held };
}
