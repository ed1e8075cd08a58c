import { readGate, setFlag } from '../../src/gate/flags.ts';
import { stopSending } from '../../src/gate/stop-sending.ts';
import type { Store } from './invariants.ts';

const by = { flag: 'send', actor: 'test', reason: 'a test of faults' } as const;

/** Stops all sending at the store, as `acc stop` does without an API, and resolves when nothing is under way. */
export async function stopAndQuiesce({ redis, keys }: Store): Promise<void> {
  const clocks = { now: Date.now, monotonicNow: () => performance.now() };
  const report = await stopSending({ redis, keys, ...clocks }, { ...by, waitMs: 20_000 });
  if (report.state !== 'quiesced')
    throw new Error(`the stop ended ${report.state}: ${report.inFlight} are under way`);
}

/** Starts sending again, having seen the newest epoch. */
export async function switchOn({ redis, keys }: Store): Promise<void> {
  const gate = await readGate(redis, keys);
  const order = { ...by, value: 'on', seenEpoch: gate?.epoch ?? 0 } as const;
  const { kind } = await setFlag({ redis, keys, now: Date.now }, order);
  if (kind !== 'done') throw new Error(`the start ended ${kind}`);
}
