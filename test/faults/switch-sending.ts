import { expect } from 'vitest';
import { readGate, setFlag } from '../../src/gate/flags.ts';
import { stopSending } from '../../src/gate/stop-sending.ts';
import type { Store } from './invariants.ts';

const by = { flag: 'send', actor: 'test', reason: 'a test of faults' } as const;

/** Stops all sending at the store, as `acc stop` does without an API, and resolves when nothing is under way. */
export async function stopAndQuiesce({ redis, keys }: Store): Promise<void> {
  const clocks = { now: Date.now, monotonicNow: () => performance.now() };
  const report = await stopSending({ redis, keys, ...clocks }, { ...by, waitMs: 20_000 });
  expect(report.state).toBe('quiesced');
}

/** Starts sending again, having seen the newest epoch. */
export async function switchOn({ redis, keys }: Store): Promise<void> {
  const gate = await readGate(redis, keys);
  await setFlag({ redis, keys, now: Date.now }, { ...by, value: 'on', seenEpoch: gate?.epoch ?? 0 });
}
