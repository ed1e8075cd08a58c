import type { Channel } from '../domain/message.ts';
import type { GateWatch } from '../gate/gate-watch.ts';
import type { Fence } from '../providers/provider.ts';

export interface FenceOptions {
  readonly watch: GateWatch;
  readonly channel: Channel;
  readonly epoch: number;
  /** Monotonic instant (ms) just before the permit was asked for: the permit cannot be older than that. */
  readonly askedAt: number;
  readonly permitDeadlineMs: number;
  readonly bodyDeadlineMs: number;
  readonly monotonicNow: () => number;
}

/**
 * The last look before bytes leave, synchronous, on the worker's own monotonic clock: the permit must be fresh,
 * no stop may have been heard of, and the permit's epoch must not be older than one already seen. A worker that
 * was frozen and wakes up fails here, however old its permit is.
 */
export function createFence(options: FenceOptions): Fence & { readonly refusal: () => string } {
  const { watch, channel } = options;
  const signal = watch.stopSignal(channel);
  let refusal = '';
  const judge = (step: 'envelope' | 'body'): string => {
    if (signal.aborted) return 'stopped';
    if (options.epoch < watch.highestEpoch() && !watch.isOn('send', `send:${channel}`)) return 'stopped';
    const ageMs = options.monotonicNow() - options.askedAt;
    const limitMs = step === 'envelope' ? options.permitDeadlineMs : options.bodyDeadlineMs;
    return ageMs > limitMs ? 'permit-too-old' : '';
  };
  return {
    signal,
    refusal: () => refusal,
    mayWrite: (step) => {
      refusal = judge(step);
      return refusal === '';
    },
  };
}
