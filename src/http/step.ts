import type { Drain } from './drain.ts';
import type { Exchange } from './exchange.ts';
import type { HttpServices } from './services.ts';

/** One step of the pipeline. It answers nothing itself: it goes on, or throws. */
export type Step = (exchange: Exchange, context: StepContext) => void | Promise<void>;

/** A step that never waits. */
export type ImmediateStep = (exchange: Exchange, context: StepContext) => undefined;

/** What the steps and the plumbing need. Without `tokens` no `api` route is ever reached: it fails closed. */
export interface StepContext {
  readonly services: Pick<HttpServices, 'onRequestEnd'> &
    Partial<Pick<HttpServices, 'tokens' | 'checkIntake' | 'clientLimit'>>;
  readonly drain: Drain;
  /** Root of our own URLs, without a slash at its end. */
  readonly baseUrl: string;
  /** Epoch ms. */
  readonly nowMs: () => number;
  readonly createRequestId: () => string;
}

/** Runs the steps in order. Waits only where a step waits: most do not, and each needless wait costs a turn of the loop. */
export async function runSteps(
  steps: readonly Step[],
  exchange: Exchange,
  context: StepContext,
): Promise<void> {
  for (const step of steps) {
    const pending = step(exchange, context);
    if (pending !== undefined) await pending;
  }
}
