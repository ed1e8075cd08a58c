import type { QueueHost } from './queue-host.ts';

export interface HostWatchOptions {
  readonly host: Pick<QueueHost, 'isIdle' | 'lastPickupAt'>;
  /** Jobs that wait in the host's queue now. */
  readonly countWaiting: () => Promise<number>;
  /** Waiting this long beside an idle host is no coincidence. */
  readonly stalledMs: number;
  readonly now: () => number;
}

/**
 * Builds a look at a host: true when jobs have waited for `stalledMs` while the host could have taken them up and
 * took up none. A worker can lose its blocking read and stay silent for ever (the largest class of
 * field reports of the queue library); such a process is replaced, since nothing inside it can be trusted to notice.
 * A host that is paused, stopping or busy in every place is not stalled. Rejects when the queue cannot be counted.
 */
export function createHostWatch(options: HostWatchOptions): () => Promise<boolean> {
  const { host, now } = options;
  let stalledSince: number | undefined;
  return async () => {
    if (!host.isIdle() || (await countOrReset()) === 0) {
      stalledSince = undefined;
      return false;
    }
    stalledSince ??= now();
    return now() - Math.max(stalledSince, host.lastPickupAt()) >= options.stalledMs;
  };

  /** A store that is away does not count against the host: the time starts anew when it is back. */
  async function countOrReset(): Promise<number> {
    try {
      return await options.countWaiting();
    } catch (error) {
      stalledSince = undefined;
      throw error;
    }
  }
}
