import type { DependencyReader } from './dependency-check.ts';
import type { Documents } from './documents.ts';
import type { HttpServices } from './services.ts';
import type { StepContext } from './step.ts';

/** What the handlers of `/api` and of the open routes need. */
export interface ApiContext extends ProbeContext {
  readonly services: HttpServices;
  readonly documents: Documents;
}

/** What the probes need; a worker has them too, on its metrics port. */
export interface ProbeContext extends StepContext {
  readonly dependencies: DependencyReader;
  /** Version of the program, as `/health` tells it. */
  readonly programVersion: string;
}

export interface MetricsContext extends ProbeContext {
  readonly readMetrics: MetricsReader;
}

/** Prometheus exposition text and its content type. */
export type MetricsReader = () => Promise<{ readonly contentType: string; readonly body: string }>;
