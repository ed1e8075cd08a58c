import type { QueueHost } from './queue-host.ts';

/** The flags as they are seen now, with a call at every change. */
export interface FlagWatch<Flag extends string> {
  isOn(...flags: readonly Flag[]): boolean;
  onChange(listener: () => void): () => void;
}

/**
 * Starts a host and keeps its pickup in step with its flags: paused, jobs wait in the queue. This
 * spares work; what makes a pause certain is the permit, which asks the same flags.
 */
export async function pauseWithFlags<Flag extends string>(options: {
  readonly host: Pick<QueueHost, 'start' | 'pause' | 'resume'>;
  readonly watch: FlagWatch<Flag>;
  readonly flags: readonly Flag[];
  readonly reportError: (what: string, error: unknown) => void;
}): Promise<void> {
  const { host, watch } = options;
  let paused = false;
  let switching = Promise.resolve();
  const follow = (): void => {
    const pause = !watch.isOn(...options.flags);
    if (pause === paused) return;
    paused = pause;
    // One after the other: a pause that is still under way must not overtake the resume that follows it.
    switching = switching
      .then(() => (pause ? host.pause() : host.resume()))
      .catch((error: unknown) => options.reportError(pause ? 'pause worker' : 'resume worker', error));
  };
  await host.start();
  follow();
  watch.onChange(follow);
}
