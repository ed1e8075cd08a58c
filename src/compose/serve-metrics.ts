import { createMetricsApp } from '../http/create-http-app.ts';
import { createHttpServer } from '../http/create-http-server.ts';
import type { HttpServices } from '../http/services.ts';
import type { Foundation } from './build-foundation.ts';

/** A few scrapers and probes. */
const connectionsMax = 100;

/** Serves the metrics and the probes of this process on a port of their own. */
export async function serveMetrics(
  foundation: Foundation,
  services: Pick<HttpServices, 'checkDependencies' | 'onRequestEnd'>,
  port: number,
): Promise<void> {
  const { configuration, metrics, version, shutdown } = foundation;
  const app = createMetricsApp(services, {
    appBaseUrl: configuration.appBaseUrl,
    programVersion: version,
    readMetrics: () => metrics.render(),
  });
  const server = createHttpServer(app, {
    host: configuration.values.HOST,
    port,
    name: 'metrics server',
    connectionsMax,
    onConnectionClosed: (why) => metrics.countConnectionClosed(why),
  });
  await server.start();
  shutdown.push(server.name, (deadlineMs) => server.stop(deadlineMs));
}
