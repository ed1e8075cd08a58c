import { randomUUID } from 'node:crypto';
import type { ApiContext, MetricsContext, MetricsReader } from './context.ts';
import type { HttpApp } from './create-app.ts';
import { createApp } from './create-app.ts';
import { createDependencyReader } from './dependency-check.ts';
import { createDocuments } from './documents.ts';
import { createDrain } from './drain.ts';
import type { EventTypeDoc } from './openapi/event-schemas.ts';
import { apiRoutes, metricsRoutes, openRoutes, probeRoutes } from './routes.ts';
import type { HttpServices } from './services.ts';

export interface HttpOptions {
  /** `APP_BASE_URL`: what the canary tells and our own links start with. */
  readonly appBaseUrl: string;
  readonly programVersion: string;
  /** For the API document: the `data` of each event type, from the catalog. */
  readonly eventTypes?: readonly EventTypeDoc[];
  /** Also offers `/metrics` here. Outside production only: in production it has its own port. */
  readonly readMetrics?: MetricsReader;
  /** Epoch ms. */
  readonly nowMs?: () => number;
  readonly createRequestId?: () => string;
}

/**
 * The whole public app: `/api`, the canary, the probes and the documents. It listens nowhere yet; `createHttpServer` does.
 */
export function createHttpApp(services: HttpServices, options: HttpOptions): HttpApp {
  const base = createBase(services, options);
  const routes = [...apiRoutes, ...probeRoutes, ...openRoutes];
  const documents = createDocuments({
    routes,
    baseUrl: base.baseUrl,
    eventTypes: options.eventTypes ?? [],
    directoryIdField: services.catalog.directoryIdField,
  });
  const context: ApiContext = { ...base, services, documents };
  const { readMetrics } = options;
  if (readMetrics === undefined) return createApp<ApiContext>(routes, context);
  return createApp<ApiContext & MetricsContext>([...routes, ...metricsRoutes], { ...context, readMetrics });
}

export interface MetricsOptions extends Omit<HttpOptions, 'eventTypes' | 'readMetrics'> {
  readonly readMetrics: MetricsReader;
}

/** The small app of the metrics port, in every process: `/metrics` and the probes, with the same headers and problems. */
export function createMetricsApp(
  services: Pick<HttpServices, 'checkDependencies' | 'onRequestEnd'>,
  options: MetricsOptions,
): HttpApp {
  const context: MetricsContext = {
    ...createBase(services, options),
    services: { onRequestEnd: services.onRequestEnd.bind(services) },
    readMetrics: options.readMetrics,
  };
  return createApp<MetricsContext>([...metricsRoutes, ...probeRoutes], context);
}

function createBase(
  services: Pick<HttpServices, 'checkDependencies'>,
  options: HttpOptions | MetricsOptions,
) {
  const nowMs = options.nowMs ?? Date.now;
  return {
    drain: createDrain(),
    baseUrl: options.appBaseUrl.replace(/\/+$/, ''),
    nowMs,
    createRequestId: options.createRequestId ?? randomUUID,
    dependencies: createDependencyReader(() => services.checkDependencies(), nowMs),
    programVersion: options.programVersion,
  };
}
