import type { Bucket, Tally } from '../domain/fleet-counters.ts';
import { judgeSlo, type SloState, type Slot, tallySlo } from '../domain/slo-rules.ts';
import {
  type BurnWindow,
  budgetWindowMs,
  burnWindowsMs,
  type SloName,
  sloNames,
  slotMs,
} from '../domain/thresholds.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Store } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';
import { toBucketStart } from './add-to-windows.ts';
import { countBuckets, readSlots, rollUpSlots, toSlot } from './keep-slots.ts';
import { readWatchdogMemory, type WatchdogMemory } from './watchdog-memory.ts';

/** The budgets as they lie in the store, for whoever asks. */
export interface SloReport {
  readonly at: string;
  /** What is measured begins here: the first judgement, or 30 days ago. */
  readonly since: string;
  readonly slos: Readonly<Record<SloName, ReportedSlo>>;
}

export interface ReportedSlo extends SloState {
  readonly bad: number;
  readonly total: number;
  /** Where the measuring of this one begins. */
  readonly since: string;
}

export interface SloDeps extends Store {
  readonly samplesMin: Readonly<Record<SloName, number>>;
  readonly metrics: Pick<Metrics, 'setErrorBudget'>;
  readonly now: () => number;
}

/** Windows up to this long are counted from the ten-second buckets, longer ones from the five-minute slots. */
const bucketWindowMsMax = burnWindowsMs['1h'];

/** Rolls the series up, judges every objective, and writes the report down. */
export async function reportSlos(deps: SloDeps, series: readonly Bucket[]): Promise<void> {
  const { redis, keys } = deps;
  const atMs = toBucketStart(deps.now());
  const memory = await readWatchdogMemory(redis, keys);
  const { sinceMs = atMs } = memory;
  const counted = series.filter(({ startMs }) => startMs >= sinceMs && startMs < atMs);
  await rollUpSlots(redis, keys, counted, atMs);
  const fromMs = Math.max(sinceMs, alignToSlot(atMs - budgetWindowMs));
  const upSinceMs = (await keepUpSince(deps, memory, counted)) ?? atMs;
  const spans = {
    atMs,
    buckets: counted.map(toSlot),
    slots: await readSlots(redis, keys, alignToSlot(fromMs), atMs),
  };
  const slos = {} as Record<SloName, ReportedSlo>;
  for (const name of sloNames) {
    const begunMs = name === 'uptime' ? Math.max(fromMs, upSinceMs) : fromMs;
    const whole = tallySlo(name, spans.slots, countBuckets(begunMs, atMs));
    const windows = tallyWindows(name, { ...spans, sinceMs: begunMs });
    const state = judgeSlo(name, { whole, windows, samplesMin: deps.samplesMin[name] });
    slos[name] = { ...state, ...whole, since: new Date(begunMs).toISOString() };
    if (state.budgetLeft !== undefined) deps.metrics.setErrorBudget(name, state.budgetLeft);
  }
  const report: SloReport = {
    at: new Date(atMs).toISOString(),
    since: new Date(fromMs).toISOString(),
    slos,
  };
  await callStore('keep slos', () => redis.hset(keys.central.watchdog, 'slos', JSON.stringify(report)));
}

/**
 * When an API process was first seen: before that there was nothing that could have been down, and a service that is
 * just starting has spent nothing. Undefined when none ever was.
 */
async function keepUpSince(
  { redis, keys }: SloDeps,
  { fields }: WatchdogMemory,
  counted: readonly Bucket[],
): Promise<number | undefined> {
  const known = fields['up-since'];
  if (known !== undefined) return Number(known);
  const first = counted.find(({ figures }) => (figures.alive ?? 0) > 0)?.startMs;
  if (first !== undefined)
    await callStore('keep slos', () => redis.hsetnx(keys.central.watchdog, 'up-since', first));
  return first;
}

interface Spans {
  readonly atMs: number;
  readonly sinceMs: number;
  readonly buckets: readonly Slot[];
  readonly slots: readonly Slot[];
}

function tallyWindows(name: SloName, { atMs, sinceMs, buckets, slots }: Spans): Record<BurnWindow, Tally> {
  const tallies = {} as Record<BurnWindow, Tally>;
  for (const [window, spanMs] of Object.entries(burnWindowsMs) as [BurnWindow, number][]) {
    const isShort = spanMs <= bucketWindowMsMax;
    // A slot counts whole or not at all, so a window of slots begins where one does.
    const fromMs = isShort ? atMs - spanMs : alignToSlot(atMs - spanMs);
    const inside = (isShort ? buckets : slots).filter(({ startMs }) => startMs >= fromMs);
    tallies[window] = tallySlo(name, inside, countBuckets(Math.max(fromMs, sinceMs), atMs));
  }
  return tallies;
}

function alignToSlot(atMs: number): number {
  return Math.floor(atMs / slotMs) * slotMs;
}
