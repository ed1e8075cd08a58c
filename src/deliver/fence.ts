import { shardOf } from '../domain/ids.ts';
import { compareMarks, type StoreMark } from '../domain/store-mark.ts';
import type { Claim } from '../gate/permits.ts';
import type { Fence } from '../providers/provider.ts';
import type { SendDeps } from './send-deps.ts';

/** What a worker knew just before it asked for the permit: the permit cannot be older than that. */
export interface AskedAt {
  readonly monotonicMs: number;
  readonly wallMs: number;
  /** How far it knew the message's shard to have come; undefined when the store was not compared. */
  readonly mark: StoreMark | undefined;
}

export type FenceDeps = Pick<
  SendDeps,
  'watch' | 'permitDeadlineMs' | 'attemptTimeoutMs' | 'now' | 'monotonicNow'
>;

/**
 * The last look before bytes leave, synchronous: the permit must be fresh, no stop may have been heard of, the message
 * must not be past its `not_after`, and the permit must not come from a store that is older than the one known when it
 * was asked for (it went back in time, and with it perhaps a stop), or from another one. A worker that was frozen and wakes up fails here, however old
 * its permit is: by the monotonic clock, and where that stood still with a sleeping machine, by the wall clock.
 */
export function createFence(
  deps: FenceDeps,
  claim: Pick<Claim, 'mark' | 'leftMs' | 'message'>,
  asked: AskedAt,
): Fence & { readonly refusal: () => string } {
  const { watch } = deps;
  const { channel, category } = claim.message;
  const signal = watch.stopSignal(channel);
  let refusal = '';
  const judge = (step: 'envelope' | 'body'): string => {
    if (signal.aborted) return 'stopped';
    if (isOlderStore(claim.mark, asked.mark)) return 'store-went-back';
    if (
      claim.mark.epoch < (watch.knowledge.known(shardOf(claim.message.id))?.epoch ?? 0) &&
      !watch.isOn('send', `send:${channel}`, `send:${category}`)
    )
      return 'stopped';
    const ageMs = Math.max(deps.monotonicNow() - asked.monotonicMs, deps.now() - asked.wallMs);
    if (ageMs >= claim.leftMs) return 'not-after';
    const limitMs = step === 'envelope' ? deps.permitDeadlineMs : deps.attemptTimeoutMs;
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

function isOlderStore(granted: StoreMark, known: StoreMark | undefined): boolean {
  return known !== undefined && compareMarks(granted, known) !== 'same-or-ahead';
}
