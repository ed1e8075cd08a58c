import { ServiceError } from '../domain/errors.ts';
import type { FlagName } from '../domain/flags.ts';
import type { SafeAction } from '../domain/thresholds.ts';
import { type FlagStore, setFlag } from '../gate/flags.ts';
import { stopSending } from '../gate/stop-sending.ts';
import type { Effect } from './incidents.ts';

export interface SafetyStore extends FlagStore {
  readonly monotonicNow: () => number;
}

/** Who the audit says it was. */
export const guardActor = 'guard';
/** How long the guard watches attempts under way end; shorter than its lease. */
const quiesceWaitMs = 2_000;

/**
 * Takes every action, in order, and answers what each one did. They only ever switch off, so taking one twice does no
 * harm. One that fails does not keep the next from being taken; then the first fault is thrown, to try all again.
 */
export async function actSafely(
  store: SafetyStore,
  actions: readonly SafeAction[],
  reason: string,
): Promise<readonly Effect[]> {
  const effects: Effect[] = [];
  const faults: unknown[] = [];
  for (const action of actions) {
    try {
      effects.push(await takeAction(store, action, reason));
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw faults[0];
  return effects;
}

async function takeAction(store: SafetyStore, action: SafeAction, reason: string): Promise<Effect> {
  switch (action) {
    case 'stop-sending':
      return await stopAll(store, reason);
    case 'pause-consumers':
      return await pause(store, { action, flag: 'consume', reason });
    case 'pause-ingestion':
      return await pause(store, { action, flag: 'ingest', reason });
    default:
      return action satisfies never;
  }
}

async function stopAll(store: SafetyStore, reason: string): Promise<Effect> {
  const begun = store.monotonicNow();
  try {
    const report = await stopSending(store, {
      flag: 'send',
      actor: guardActor,
      reason,
      waitMs: quiesceWaitMs,
    });
    return {
      action: 'stop-sending',
      state: report.state,
      ms: report.stopMs,
      epoch: report.epoch,
      inFlightAtStop: report.inFlightAtStop,
      inFlight: report.inFlight,
      ...(report.quiescedMs === undefined ? {} : { quiescedMs: report.quiescedMs }),
    };
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'state-conflict') throw error;
    return { action: 'stop-sending', state: 'gate-missing', ms: since(store, begun) };
  }
}

async function pause(
  store: SafetyStore,
  {
    action,
    flag,
    reason,
  }: { action: SafeAction; flag: Extract<FlagName, 'consume' | 'ingest'>; reason: string },
): Promise<Effect> {
  const begun = store.monotonicNow();
  const change = { flag, value: 'off', actor: guardActor, reason } as const;
  const result = await setFlag(store, change);
  const ms = since(store, begun);
  return result.kind === 'done'
    ? { action, state: 'paused', ms, epoch: result.epoch }
    : { action, state: 'gate-missing', ms };
}

function since(store: SafetyStore, begun: number): number {
  return Math.round((store.monotonicNow() - begun) * 100) / 100;
}
