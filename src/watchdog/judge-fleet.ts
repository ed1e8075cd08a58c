import type { Bucket } from '../domain/fleet-counters.ts';
import { type TriggerMode, type TriggerName, triggerNames, triggerTable } from '../domain/thresholds.ts';
import { cutEvidence, type Judgement, judgeTrigger } from '../domain/trigger-rules.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { callStore } from '../store/scripts.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import { actSafely } from './act-safely.ts';
import { countersKeptMs, toBucketStart } from './add-to-windows.ts';
import { type Incident, type IncidentOpening, noteAction, openIncident, readIncident } from './incidents.ts';
import type { WindowReader } from './read-windows.ts';
import { type FleetSampler, sampleDepth, sampleEnds } from './sample-fleet.ts';
import { readWatchdogMemory, type WatchdogMemory } from './watchdog-memory.ts';

/** Everything that the active watchdog needs. */
export interface WatchdogDeps extends FleetSampler {
  readonly windows: WindowReader;
  readonly modes: Readonly<Record<TriggerName, TriggerMode>>;
  /** Requests, tokens or samples below which a trigger has no verdict. */
  readonly samplesMin: Readonly<Record<TriggerName, number>>;
  readonly metrics: Pick<
    Metrics,
    'setTrigger' | 'observeStop' | 'setQueueBaseline' | 'setBacklog' | 'countFleet' | 'forgetFleet'
  >;
  readonly log: Log;
  readonly reportError: (what: string, error: unknown) => void;
  readonly monotonicNow: () => number;
}

/** A judgement as it lies in the store, for whoever asks. */
export interface FleetJudgement {
  /** The end of what was judged, ISO 8601. */
  readonly at: string;
  readonly triggers: Readonly<Record<TriggerName, Judgement>>;
  /** What the watchdog that judged may do. */
  readonly modes: Readonly<Record<TriggerName, TriggerMode>>;
}

/**
 * Judges the whole fleet once: samples, judges each trigger by the pure rules, opens an incident for each that
 * fires and is not latched, and writes the judgement down. Returns the series that was judged. What cannot be
 * sampled has no verdict, and keeps no other trigger from having one.
 */
export async function judgeFleet(deps: WatchdogDeps): Promise<readonly Bucket[]> {
  const atMs = toBucketStart(deps.now());
  const memory = await readWatchdogMemory(deps.redis, deps.keys);
  const series = await takeSamples(deps, memory, atMs);
  const triggers = {} as Record<TriggerName, Judgement>;
  for (const name of triggerNames) {
    const sinceMs = memory.releasedAt.get(name) ?? 0;
    const judgement = judgeTrigger(name, series, {
      atMs,
      sinceMs,
      samplesMin: deps.samplesMin[name],
      depthFloor: deps.depthFloor,
    });
    triggers[name] = judgement;
    const isLatched =
      memory.latches.has(name) || (await openWhenFailed(deps, { name, judgement, series, atMs, sinceMs }));
    deps.metrics.setTrigger(name, judgement.verdict, isLatched);
  }
  if (triggers.depth.line !== undefined)
    deps.metrics.setQueueBaseline(triggers.depth.line / triggerTable.depth.timesBaseline);
  await actOnIncidents(deps, triggers);
  await keepJudgement(deps, { at: new Date(atMs).toISOString(), triggers, modes: deps.modes }, atMs);
  return series;
}

/**
 * Acts for each open incident that has not been acted for: the one just opened, one whose watchdog died half-way, and
 * one that was only observed, when its trigger now acts and still fails.
 */
export async function actOnIncidents(
  deps: WatchdogDeps,
  triggers?: Readonly<Record<TriggerName, Judgement>>,
): Promise<void> {
  const { latches } = await readWatchdogMemory(deps.redis, deps.keys);
  for (const [name, id] of latches) {
    if (deps.modes[name] !== 'act') continue;
    const incident = await readIncident(deps, id).catch((error: unknown) => {
      if (!(error instanceof UnreadableRecord)) throw error;
      deps.reportError('read incident', error);
      return undefined;
    });
    if (incident === undefined || incident.action !== undefined) continue;
    if (incident.mode === 'act' || triggers?.[name].verdict === 'fail') await act(deps, incident);
  }
}

async function takeSamples(
  deps: WatchdogDeps,
  memory: WatchdogMemory,
  atMs: number,
): Promise<readonly Bucket[]> {
  await sampleEnds(deps, memory, atMs).catch((error: unknown) => deps.reportError('sample ends', error));
  const series = await deps.windows.read(atMs - countersKeptMs, atMs);
  try {
    return await sampleDepth(deps, series, atMs);
  } catch (error) {
    deps.metrics.setBacklog(undefined);
    deps.reportError('sample depth', error);
    return series;
  }
}

interface Finding {
  readonly name: TriggerName;
  readonly judgement: Judgement;
  readonly series: readonly Bucket[];
  readonly atMs: number;
  /** The last release that was known. */
  readonly sinceMs: number;
}

/** Returns whether the trigger is latched now. */
async function openWhenFailed(deps: WatchdogDeps, finding: Finding): Promise<boolean> {
  const { name, judgement } = finding;
  const mode = deps.modes[name];
  if (judgement.verdict !== 'fail' || mode === 'off') return false;
  const opening = describeOpening(deps, finding, mode);
  const result = await openIncident(deps, opening, finding.sinceMs);
  if (result === 'opened')
    deps.log.error(
      { incident: opening.id, trigger: name, mode, detail: judgement.detail },
      'a rollback trigger fired',
    );
  return result !== 'stale';
}

function describeOpening(
  deps: WatchdogDeps,
  { name, judgement, series, atMs }: Finding,
  mode: IncidentOpening['mode'],
): IncidentOpening {
  const { value, line } = judgement;
  const openedAt = new Date(deps.now()).toISOString();
  return {
    // Two watchdogs that judge the same moment name the same incident.
    id: `inc-${new Date(atMs).toISOString().replace(/\D/g, '').slice(0, 14)}-${name}`,
    trigger: name,
    mode,
    openedAt,
    says: triggerTable[name].says,
    detail: judgement.detail,
    ...(value === undefined ? {} : { value }),
    ...(line === undefined ? {} : { line }),
    samples: judgement.samples,
    samplesMin: judgement.samplesMin,
    series: cutEvidence(name, series, atMs),
  };
}

async function act(deps: WatchdogDeps, incident: Incident): Promise<void> {
  const reason = `${incident.says}: ${incident.detail} (${incident.id})`;
  const effects = await actSafely(deps, triggerTable[incident.trigger].actions, reason);
  await noteAction(deps, incident.id, effects);
  for (const effect of effects) if (effect.action === 'stop-sending') deps.metrics.observeStop(effect.ms);
  deps.log.error({ incident: incident.id, trigger: incident.trigger, effects }, 'the guard acted');
}

async function keepJudgement(deps: WatchdogDeps, judgement: FleetJudgement, atMs: number): Promise<void> {
  const { watchdog } = deps.keys.central;
  await callStore('keep judgement', () =>
    deps.redis
      .multi()
      .hset(watchdog, 'judgement', JSON.stringify(judgement))
      .hsetnx(watchdog, 'since', atMs)
      .exec(),
  );
}
