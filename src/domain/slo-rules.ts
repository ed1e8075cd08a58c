import {
  type Bucket,
  sumCounter,
  type Tally,
  tallyFailures,
  tallySlower,
  tallyTokens,
} from './fleet-counters.ts';
import {
  apiP95TargetMs,
  type BurnAlert,
  type BurnWindow,
  bucketMs,
  budgetWindowMs,
  burnAlerts,
  type SloName,
  type SloRow,
  sloTable,
} from './thresholds.ts';

export type SloVerdict = 'met' | 'missed' | 'no-data';

export interface SloState {
  readonly verdict: SloVerdict;
  /** The good part, 0 to 1; absent with no data. */
  readonly measured?: number;
  /** 1 untouched, 0 spent, below 0 overspent; absent with too little data. */
  readonly budgetLeft?: number;
  /** How many times faster than allowed the budget goes, by window; absent where there is no data. */
  readonly burnRates: Readonly<Partial<Record<BurnWindow, number>>>;
  readonly alerts: readonly BurnState[];
}

export interface BurnState extends BurnAlert {
  readonly isFiring: boolean;
}

export interface SloTallies {
  /** Over the budget's 30 days, or since the start. */
  readonly whole: Tally;
  readonly windows: Readonly<Record<BurnWindow, Tally>>;
  /** A verdict and a budget need this many, and so does an alert in its long window. */
  readonly samplesMin: number;
}

/** Counts of a longer span, and how many of its ten-second buckets were up. */
export interface Slot extends Bucket {
  readonly up: number;
}

/** Up: an API process wrote to the store, and not every request of a client failed. */
export function isUp(bucket: Bucket): boolean {
  const { bad, total } = tallyFailures([bucket]);
  return (bucket.figures.alive ?? 0) > 0 && (total === 0 || bad < total);
}

/** Counts one objective over slots that ought to hold `buckets` buckets: one that is not there was not up. */
export function tallySlo(name: SloName, slots: readonly Slot[], buckets: number): Tally {
  switch (name) {
    case 'uptime': {
      const up = slots.reduce((sum, slot) => sum + slot.up, 0);
      return { bad: Math.max(0, buckets - up), total: buckets };
    }
    case '5xx':
      return tallyFailures(slots);
    case 'p95':
      return tallySlower(slots, apiP95TargetMs);
    case 'auth':
      return tallyTokens(slots);
    case 'dead-letters': {
      const dead = sumCounter(slots, 'dead');
      return { bad: dead, total: dead + sumCounter(slots, 'sent') };
    }
    case 'depth':
      return { bad: sumCounter(slots, 'depth-over'), total: sumCounter(slots, 'depth-judged') };
    default:
      return name satisfies never;
  }
}

/** Judges one objective. Too little data is no verdict, and spends nothing. */
export function judgeSlo(name: SloName, tallies: SloTallies): SloState {
  const row: SloRow = sloTable[name];
  const rates: Partial<Record<BurnWindow, number>> = {};
  for (const [window, tally] of Object.entries(tallies.windows) as [BurnWindow, Tally][]) {
    const rate = findBurnRate(row, tally);
    if (rate !== undefined) rates[window] = rate;
  }
  const { whole, samplesMin } = tallies;
  const measured = whole.total === 0 ? {} : { measured: 1 - whole.bad / whole.total };
  const isEnough = whole.total > 0 && whole.total >= samplesMin;
  return {
    verdict: isEnough ? judgeWhole(row, whole) : 'no-data',
    ...measured,
    ...(isEnough ? { budgetLeft: 1 - findSpent(row, whole) } : {}),
    burnRates: rates,
    alerts: burnAlerts.map((alert) => ({ ...alert, isFiring: isFiring(row, alert, tallies) })),
  };
}

/** The part of the budget that is gone. */
function findSpent(row: SloRow, { bad, total }: Tally): number {
  const whole = row.isClocked === true ? budgetWindowMs / bucketMs : total;
  return (10_000 * bad) / (row.budgetBasisPoints * whole);
}

function judgeWhole(row: SloRow, { bad, total }: Tally): SloVerdict {
  const difference = 10_000 * bad - row.budgetBasisPoints * total;
  return difference < 0 || (difference === 0 && !row.isStrict) ? 'met' : 'missed';
}

/** The bad part, in budgets: 1 spends it exactly. */
function findBurnRate(row: SloRow, { bad, total }: Tally): number | undefined {
  return total === 0 ? undefined : (10_000 * bad) / (row.budgetBasisPoints * total);
}

/** Both windows burn faster than the alert's rate, and the long one rests on enough. */
function isFiring(row: SloRow, alert: BurnAlert, { windows, samplesMin }: SloTallies): boolean {
  const long = windows[alert.long];
  return long.total >= samplesMin && isFaster(row, alert, long) && isFaster(row, alert, windows[alert.short]);
}

function isFaster(row: SloRow, alert: BurnAlert, { bad, total }: Tally): boolean {
  return 10 * 10_000 * bad > alert.burnTenths * row.budgetBasisPoints * total;
}
