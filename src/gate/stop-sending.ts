import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '../domain/errors.ts';
import type { FlagName, SendFlag } from '../domain/flags.ts';
import { askShards } from '../store/ask-shards.ts';
import type { Store } from '../store/keys.ts';
import { loadScript } from '../store/scripts.ts';
import { type InFlight, parseInFlight, sumInFlight } from './copy-gate.ts';
import { type FlagStore, setFlag, toPart } from './flags.ts';

/** How a stop went. `stopping`: no permit is granted any more; `quiesced`: nothing is under way either. */
export interface StopReport {
  readonly state: 'stopping' | 'quiesced';
  readonly epoch: number;
  /** Attempts that had a permit when the stop was acknowledged: no other one comes after it. */
  readonly inFlightAtStop: number;
  /** Their messages, or the first of them when there are many. */
  readonly messagesAtStop: readonly string[];
  readonly inFlight: number;
  /** From the request to the acknowledgement, after which no permit is granted. */
  readonly stopMs: number;
  /** From the request to nothing under way. */
  readonly quiescedMs?: number;
  /** False: the witness does not know of it, and a store that is put back in time would forget it. */
  readonly witnessed?: boolean;
}

export interface StopRequest {
  readonly flag: SendFlag;
  readonly actor: string;
  readonly reason: string;
  readonly requestId?: string;
  /** How long to wait for attempts under way before answering `stopping`. */
  readonly waitMs: number;
}

const script = loadScript(new URL('./list-inflight.lua', import.meta.url), {
  keys: ['inflight'],
  args: ['part'],
});

/**
 * Stops sending and confirms it. After the acknowledgement, which every shard has given, no permit is granted anywhere; it
 * says what is in flight. Then it waits, at most `waitMs`, until every attempt that already had a permit has ended or
 * passed its deadline. Throws when a shard did not acknowledge the stop: then say so, and try again.
 */
export async function stopSending(
  store: FlagStore & { readonly monotonicNow: () => number },
  request: StopRequest,
): Promise<StopReport> {
  const begun = store.monotonicNow();
  const result = await setFlag(store, { ...request, value: 'off' });
  if (result.kind !== 'done') {
    throw new ServiceError(
      'state-conflict',
      'There is no gate in this store under this key prefix: no service of ours has used it. If the prefix is the right one, nothing is sent, since a missing gate means stopped.',
    );
  }
  const stopMs = store.monotonicNow() - begun;
  const { epoch, witnessed, inFlight: atStop } = result;
  const witness = witnessed === undefined ? {} : { witnessed };
  const inFlightAtStop = atStop.count;
  const head = {
    epoch,
    stopMs: round(stopMs),
    ...witness,
    inFlightAtStop,
    messagesAtStop: atStop.messages,
  };
  for (let inFlight = inFlightAtStop; ; inFlight = await countInFlight(store, request.flag)) {
    const sinceMs = store.monotonicNow() - begun;
    if (inFlight === 0) return { ...head, state: 'quiesced', inFlight, quiescedMs: round(sinceMs) };
    if (sinceMs >= request.waitMs) return { ...head, state: 'stopping', inFlight };
    await delay(5);
  }
}

/** Attempts under way that the flag governs: they hold a permit and are not past their deadline. */
export async function countInFlight(store: Store, flag: FlagName = 'send'): Promise<number> {
  const part = toPart(flag);
  const shards = await askShards(
    'count in flight',
    store.keys,
    async (shard): Promise<InFlight> => parseInFlight(await script.run(store.redis, shard, { part })),
  );
  return sumInFlight(shards).count;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
