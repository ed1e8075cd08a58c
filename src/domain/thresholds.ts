/**
 * Every threshold that the service is judged by, in one table: the watchdog's rules and the budgets are made from here, and
 * alert rules and dashboards are held against it (test/regression/monitoring.test.ts). Shares are in basis points (1 % = 100) and compared
 * as whole numbers, so that a counter exactly on a line falls on the side that its rule says.
 */
export const triggerNames = ['5xx', 'tokens', 'depth', 'p95'] as const;
export type TriggerName = (typeof triggerNames)[number];

/** What the watchdog does when a trigger fires. Each of them only makes the service stricter. */
export type SafeAction = 'stop-sending' | 'pause-consumers' | 'pause-ingestion';

/** `act`: open an incident and act; `observe`: open an incident; `off`: neither. The verdict is shown in each. */
export const triggerModes = ['act', 'observe', 'off'] as const;
export type TriggerMode = (typeof triggerModes)[number];

/** Upper edges (inclusive, ms) of the latency bins. The target (120) and the trigger (300) lie exactly on edges. */
export const latencyEdgesMs = [5, 10, 25, 50, 80, 120, 200, 300, 500, 1_000, 2_500, 5_000] as const;
export type LatencyEdgeMs = (typeof latencyEdgesMs)[number];

/** The fleet's counts lie in buckets of this span, and the watchdog judges once in each. */
export const bucketMs = 10_000;
/** Budgets are counted in slots of this span. */
export const slotMs = 300_000;
export const budgetWindowMs = 30 * 86_400_000;

export const apiP95TriggerMs = 300;
export const apiP95TargetMs = 120;

/** What is counted as bad, and of what. */
export type ShareCounter = 'requests-failed' | 'tokens-bad' | 'requests-over-300-ms';

/**
 * A share of bad ones over a span. Every window of `windowMs` that lies wholly inside the last `spanMs` must be
 * over the line: with both equal it is the share over the span, with a shorter window one good window resets it.
 */
export interface ShareTrigger {
  readonly kind: 'share';
  readonly counter: ShareCounter;
  /** `at-least`: fires on the line too (≥); `more-than`: only beyond it (>). */
  readonly comparison: 'at-least' | 'more-than';
  readonly basisPoints: number;
  readonly windowMs: number;
  readonly spanMs: number;
  /**
   * A client counts for at most so many samples in a window, in the proportion of its own good and bad ones: nobody
   * hides with a flood of good ones what all others meet.
   */
  readonly clientSamplesMax: number;
  /**
   * A client that has tried for so long without one good sample is shut out: all that it counts for is bad. What was
   * good before does not hide it, though the same bad one counts once.
   */
  readonly shutOutMs?: number;
  /**
   * It fires only when it would without any one client too. `some`: the others decide as soon as there are any; a client
   * that is alone on the service is all the evidence there is. `enough`: the others must bring as many samples as a
   * verdict needs, so that nobody ever fires it alone: single bad tokens are common.
   */
  readonly othersMin: 'some' | 'enough';
  readonly actions: readonly SafeAction[];
  readonly says: string;
}

/** A depth beyond a multiple of what is usual, without a break. */
export interface DepthTrigger {
  readonly kind: 'depth';
  readonly timesBaseline: number;
  readonly spanMs: number;
  /** Quiet samples that the baseline is the median of: an hour of them. */
  readonly baselineSamplesMax: number;
  /** With fewer there is no baseline yet, and no verdict. */
  readonly baselineSamplesMin: number;
  /** Samples further apart than this break the run: what nobody saw is not "without a break". */
  readonly gapMsMax: number;
  readonly actions: readonly SafeAction[];
  readonly says: string;
}

/** The four rollback triggers (GRD-1). */
export const triggerTable = {
  '5xx': {
    kind: 'share',
    counter: 'requests-failed',
    comparison: 'at-least',
    basisPoints: 100,
    windowMs: 300_000,
    spanMs: 300_000,
    clientSamplesMax: 500,
    othersMin: 'some',
    actions: ['stop-sending', 'pause-consumers'],
    says: '5xx of ours on at least 1 % of the requests of clients over 5 minutes',
  },
  tokens: {
    kind: 'share',
    counter: 'tokens-bad',
    comparison: 'at-least',
    basisPoints: 200,
    windowMs: 300_000,
    spanMs: 300_000,
    clientSamplesMax: 50,
    shutOutMs: 60_000,
    othersMin: 'enough',
    actions: ['pause-ingestion'],
    says: 'at least 2 % of the tokens of our issuer judged bad over 5 minutes',
  },
  depth: {
    kind: 'depth',
    timesBaseline: 2,
    spanMs: 600_000,
    baselineSamplesMax: 360,
    baselineSamplesMin: 60,
    gapMsMax: 30_000,
    actions: ['pause-consumers'],
    says: 'queue depth more than twice its baseline for 10 minutes without a break',
  },
  p95: {
    kind: 'share',
    counter: 'requests-over-300-ms',
    comparison: 'more-than',
    // The 95th percentile is over 300 ms exactly when more than 5 % of the requests took longer than that.
    basisPoints: 500,
    windowMs: 60_000,
    spanMs: 300_000,
    clientSamplesMax: 500,
    othersMin: 'some',
    actions: ['stop-sending'],
    says: `p95 of the requests of clients over ${apiP95TriggerMs} ms in every minute of the last 5`,
  },
} as const satisfies Readonly<Record<TriggerName, ShareTrigger | DepthTrigger>>;

export const sloNames = ['uptime', '5xx', 'p95', 'auth', 'dead-letters', 'depth'] as const;
export type SloName = (typeof sloNames)[number];

export interface SloRow {
  /** The part that may be bad. */
  readonly budgetBasisPoints: number;
  /**
   * Its samples come by the clock, one a bucket: then the budget is that part of thirty whole days, as people count
   * it (99.9 % is 43 minutes a month). Else samples come with the traffic, and it is that part of what there was.
   */
  readonly isClocked?: true;
  /** True: exactly on the line is missed (`< 0.5 %`); false: it is met (`≥ 98 %`). */
  readonly isStrict: boolean;
  readonly target: string;
  /** What is counted, said so that nobody has to guess. */
  readonly measures: string;
}

/** The service level objectives (GRD-2). */
export const sloTable = {
  uptime: {
    budgetBasisPoints: 10,
    isClocked: true,
    isStrict: false,
    target: '99.9 %',
    measures:
      'ten-second spans in which an API process wrote to the store, and the requests of clients, if there were any, did not all fail; from the first span in which one did, a span of which nothing is known counts as down',
  },
  '5xx': {
    budgetBasisPoints: 50,
    isStrict: true,
    target: '< 0.5 %',
    measures:
      'requests of verified clients answered with 5xx, an outage of the store among them; refusals that are our own decision (paused intake, shutting down) are left out, and so is what strangers do',
  },
  p95: {
    budgetBasisPoints: 500,
    isStrict: false,
    target: '≤ 120 ms',
    measures: `requests of verified clients answered within ${apiP95TargetMs} ms of our own time: 95 % of them or more; routes that wait on purpose are left out`,
  },
  auth: {
    budgetBasisPoints: 200,
    isStrict: false,
    target: '≥ 98 %',
    measures:
      'tokens verified, of those that are proved to be of our issuer and meant for us; a bad one counts once in 5 minutes, keys that could not be had are not counted',
  },
  'dead-letters': {
    budgetBasisPoints: 50,
    isStrict: true,
    target: '< 0.5 %',
    measures: 'messages that ended dead, of those that ended sent or dead',
  },
  depth: {
    budgetBasisPoints: 100,
    isClocked: true,
    isStrict: false,
    target: 'stable 99 % of the time',
    measures:
      'samples of the queue depth at no more than twice the baseline, whoever of the clients is left out; none while we hold the queue back',
  },
} as const satisfies Readonly<Record<SloName, SloRow>>;

/** Spans that the burn of a budget is measured over. */
export const burnWindowsMs = {
  '5m': 300_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '3d': 259_200_000,
} as const;
export type BurnWindow = keyof typeof burnWindowsMs;

export interface BurnAlert {
  readonly severity: 'page' | 'ticket';
  /** Ten times the burn rate, so that it stays a whole number. */
  readonly burnTenths: number;
  readonly long: BurnWindow;
  readonly short: BurnWindow;
}

/** Burn alerts on messages and samples rest on at least this many; requests and tokens have settings. */
export const burnSamplesMin = 50;

/** Both windows of a pair must burn faster than its rate. Source: SRE Workbook, table 5-8. */
export const burnAlerts: readonly BurnAlert[] = [
  { severity: 'page', burnTenths: 144, long: '1h', short: '5m' },
  { severity: 'page', burnTenths: 60, long: '6h', short: '30m' },
  { severity: 'ticket', burnTenths: 10, long: '3d', short: '6h' },
];
