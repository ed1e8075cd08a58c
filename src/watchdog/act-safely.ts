import { ServiceError } from '../domain/errors.ts';
import type { SafeAction } from '../domain/thresholds.ts';
import { type FlagStore, setFlag } from '../gate/flags.ts';
import { stopSending } from '../gate/stop-sending.ts';
import type { Effect } from './incidents.ts';

export interface SafetyStore extends FlagStore {
  readonly monotonicNow: () => number;
}

/** Who the audit says it was. */
export const watchdogActor = 'guard';
/** How long the watchdog watches attempts under way end; shorter than its lease. */
const quiesceWaitMs = 2_000;

/**
 * Takes every action, in order, and returns the effect of each. They only ever switch off, so taking one twice does no
 * harm. One that fails does not keep the next from being taken; then the first error is thrown, to try all again.
 */
export async function actSafely(
  store: SafetyStore,
  actions: readonly SafeAction[],
  reason: string,
): Promise<readonly Effect[]> {
  const effects: Effect[] = [];
  const errors: unknown[] = [];
  for (const action of actions) {
    try {
      effects.push(await takeAction(store, action, reason));
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return effects;
}

const pausedFlags = { 'pause-consumers': 'consume', 'pause-ingestion': 'ingest' } as const;

async function takeAction(store: SafetyStore, action: SafeAction, reason: string): Promise<Effect> {
  const begun = store.monotonicNow();
  const sinceBegun = (): number => Math.round((store.monotonicNow() - begun) * 100) / 100;
  const change = { actor: watchdogActor, reason };
  if (action !== 'stop-sending') {
    const result = await setFlag(store, { ...change, flag: pausedFlags[action], value: 'off' });
    return result.kind === 'done'
      ? { action, state: 'paused', ms: sinceBegun(), epoch: result.epoch }
      : { action, state: 'gate-missing', ms: sinceBegun() };
  }
  try {
    const report = await stopSending(store, { ...change, flag: 'send', waitMs: quiesceWaitMs });
    const { stopMs: ms, witnessed: _, messagesAtStop: __, ...effect } = report;
    return { action, ms, ...effect };
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'state-conflict') throw error;
    return { action, state: 'gate-missing', ms: sinceBegun() };
  }
}
