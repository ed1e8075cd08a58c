import type { Redis } from 'ioredis';
import type { Bucket } from '../domain/figures.ts';
import { type TriggerMode, type TriggerName, triggerNames, triggerTable } from '../domain/thresholds.ts';
import { cutEvidence, type Judgement, judgeTrigger } from '../domain/trigger-rules.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Keys } from '../store/keys.ts';
import { toStoreError } from '../store/scripts.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import { actSafely } from './act-safely.ts';
import { figuresKeptMs, toBucketStart } from './add-to-windows.ts';
import { type GuardMemory, readGuardMemory } from './guard-memory.ts';
import { type Incident, type IncidentOpening, noteAction, openIncident, readIncident } from './incidents.ts';
import type { WindowReader } from './read-windows.ts';
import { sampleDepth, sampleEnds } from './sample-fleet.ts';

/** Everything that the active guard needs. */
export interface GuardDesk {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly windows: WindowReader;
  /** Jobs that could be worked on now and are not. */
  readonly countWaiting: (nowMs: number) => Promise<number>;
  /** About how many of them each client has. */
  readonly sampleWaiting: () => Promise<ReadonlyMap<string, number>>;
  readonly modes: Readonly<Record<TriggerName, TriggerMode>>;
  /** Requests, tokens or samples below which a trigger has no verdict. */
  readonly samplesMin: Readonly<Record<TriggerName, number>>;
  readonly depthFloor: number;
  readonly metrics: Pick<
    Metrics,
    'setTrigger' | 'observeStop' | 'setQueueBaseline' | 'setBacklog' | 'countFigure' | 'forgetFleet'
  >;
  readonly log: Log;
  readonly reportError: (what: string, error: unknown) => void;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

/** A judgement as it lies in the store, for whoever asks. */
export interface FleetJudgement {
  /** The end of what was judged, ISO 8601. */
  readonly at: string;
  readonly triggers: Readonly<Record<TriggerName, Judgement>>;
  /** What the guard that judged may do. */
  readonly modes: Readonly<Record<TriggerName, TriggerMode>>;
}

/**
 * Judges the whole fleet once: samples, judges each trigger by the pure rules, opens an incident for each that
 * fires and is not latched, and writes the judgement down. Answers the series that was judged. What cannot be
 * sampled has no verdict, and keeps no other trigger from having one.
 */
export async function judgeFleet(desk: GuardDesk): Promise<readonly Bucket[]> {
  const atMs = toBucketStart(desk.now());
  const memory = await readGuardMemory(desk.redis, desk.keys);
  const series = await takeSamples(desk, memory, atMs);
  const triggers = {} as Record<TriggerName, Judgement>;
  for (const name of triggerNames) {
    const sinceMs = memory.releasedAt.get(name) ?? 0;
    const judgement = judgeTrigger(name, series, {
      atMs,
      sinceMs,
      samplesMin: desk.samplesMin[name],
      depthFloor: desk.depthFloor,
    });
    triggers[name] = judgement;
    const isLatched =
      memory.latches.has(name) || (await openWhenFailed(desk, { name, judgement, series, atMs, sinceMs }));
    desk.metrics.setTrigger(name, judgement.verdict, isLatched);
  }
  if (triggers.depth.line !== undefined)
    desk.metrics.setQueueBaseline(triggers.depth.line / triggerTable.depth.timesBaseline);
  await actOnIncidents(desk, triggers);
  await keepJudgement(desk, { at: new Date(atMs).toISOString(), triggers, modes: desk.modes }, atMs);
  return series;
}

/**
 * Acts for each open incident that has not been acted for: the one just opened, one whose guard died half-way, and
 * one that was only observed, when its trigger now acts and still fails.
 */
export async function actOnIncidents(
  desk: GuardDesk,
  triggers?: Readonly<Record<TriggerName, Judgement>>,
): Promise<void> {
  const { latches } = await readGuardMemory(desk.redis, desk.keys);
  for (const [name, id] of latches) {
    if (desk.modes[name] !== 'act') continue;
    const incident = await readIncident(desk, id).catch((error: unknown) => {
      if (!(error instanceof UnreadableRecord)) throw error;
      desk.reportError('read incident', error);
      return undefined;
    });
    if (incident === undefined || incident.action !== undefined) continue;
    if (incident.mode === 'act' || triggers?.[name].verdict === 'fail') await act(desk, incident);
  }
}

async function takeSamples(desk: GuardDesk, memory: GuardMemory, atMs: number): Promise<readonly Bucket[]> {
  await sampleEnds(desk, memory, atMs).catch((error: unknown) => desk.reportError('sample ends', error));
  const series = await desk.windows.read(atMs - figuresKeptMs, atMs);
  try {
    return await sampleDepth(desk, series, atMs);
  } catch (error) {
    desk.metrics.setBacklog(undefined);
    desk.reportError('sample depth', error);
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

/** Answers whether the trigger is latched now. */
async function openWhenFailed(desk: GuardDesk, finding: Finding): Promise<boolean> {
  const { name, judgement } = finding;
  const mode = desk.modes[name];
  if (judgement.verdict !== 'fail' || mode === 'off') return false;
  const opening = describeOpening(desk, finding, mode);
  const word = await openIncident(desk, opening, finding.sinceMs);
  if (word === 'opened')
    desk.log.error(
      { incident: opening.id, trigger: name, mode, detail: judgement.detail },
      'a rollback trigger fired',
    );
  return word !== 'stale';
}

function describeOpening(
  desk: GuardDesk,
  { name, judgement, series, atMs }: Finding,
  mode: IncidentOpening['mode'],
): IncidentOpening {
  const { value, line } = judgement;
  const openedAt = new Date(desk.now()).toISOString();
  return {
    // Two guards that judge the same moment name the same incident.
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

async function act(desk: GuardDesk, incident: Incident): Promise<void> {
  const reason = `${incident.says}: ${incident.detail} (${incident.id})`;
  const effects = await actSafely(desk, triggerTable[incident.trigger].actions, reason);
  await noteAction(desk, incident.id, effects);
  for (const effect of effects) if (effect.action === 'stop-sending') desk.metrics.observeStop(effect.ms);
  desk.log.error({ incident: incident.id, trigger: incident.trigger, effects }, 'the guard acted');
}

async function keepJudgement(desk: GuardDesk, judgement: FleetJudgement, atMs: number): Promise<void> {
  const { guard } = desk.keys.shard(0);
  try {
    await desk.redis
      .multi()
      .hset(guard, 'judgement', JSON.stringify(judgement))
      .hsetnx(guard, 'since', atMs)
      .exec();
  } catch (error) {
    throw toStoreError('keep judgement', error);
  }
}
