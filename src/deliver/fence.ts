import type { GateWatch } from '../gate/gate-watch.ts';
import type { Claim } from '../gate/permits.ts';
import type { Fence } from '../providers/provider.ts';

/** What a worker knew just before it asked for the permit: the permit cannot be older than that. */
export interface AskedAt {
  readonly monotonicMs: number;
  readonly wallMs: number;
  /** The highest epoch that it had seen. */
  readonly epoch: number;
}

export interface FenceOptions {
  readonly watch: GateWatch;
  readonly claim: Pick<Claim, 'epoch' | 'leftMs' | 'message'>;
  readonly asked: AskedAt;
  readonly permitDeadlineMs: number;
  readonly bodyDeadlineMs: number;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

/**
 * The last look before bytes leave, synchronous: the permit must be fresh, no stop may have been heard of, the message
 * must not be past its `not_after`, and the permit's epoch must not be older than one known when it was asked for (the
 * store went back in time, and with it perhaps a stop). A worker that was frozen and wakes up fails here, however old
 * its permit is: by the monotonic clock, and where that stood still with a sleeping machine, by the wall clock.
 */
export function createFence(options: FenceOptions): Fence & { readonly refusal: () => string } {
  const { watch, claim, asked } = options;
  const { channel, category } = claim.message;
  const signal = watch.stopSignal(channel);
  let refusal = '';
  const judge = (step: 'envelope' | 'body'): string => {
    if (signal.aborted) return 'stopped';
    if (claim.epoch < asked.epoch) return 'store-went-back';
    if (claim.epoch < watch.highestEpoch() && !watch.isOn('send', `send:${channel}`, `send:${category}`))
      return 'stopped';
    const ageMs = Math.max(options.monotonicNow() - asked.monotonicMs, options.now() - asked.wallMs);
    if (ageMs >= claim.leftMs) return 'not-after';
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
