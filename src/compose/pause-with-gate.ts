import type { FlagName } from '../gate/flags.ts';
import type { GateWatch } from '../gate/gate-watch.ts';
import type { QueueHost } from '../queue/queue-host.ts';

/**
 * Starts a host and keeps its pickup in step with the gate's consume flags: paused, jobs wait in the queue. This
 * spares work; what makes a pause certain is the permit, which asks the same flags.
 */
export async function pauseWithGate(options: {
  readonly host: QueueHost;
  readonly watch: GateWatch;
  readonly flags: readonly FlagName[];
  readonly reportError: (what: string, error: unknown) => void;
}): Promise<void> {
  const { host, watch } = options;
  let paused = false;
  let turning = Promise.resolve();
  const follow = (): void => {
    const pause = !watch.isOn(...options.flags);
    if (pause === paused) return;
    paused = pause;
    // One after the other: a pause that is still under way must not overtake the resume that follows it.
    turning = turning
      .then(() => (pause ? host.pause() : host.resume()))
      .catch((error: unknown) => options.reportError(pause ? 'pause worker' : 'resume worker', error));
  };
  await host.start();
  follow();
  watch.onChange(follow);
}
