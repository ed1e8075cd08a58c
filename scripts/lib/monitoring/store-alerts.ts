import type { StateAlert } from './alert-kinds.ts';

const minuteMs = 60_000;

/** How the store is, and whether it is the one that we know. */
export const storeAlerts: readonly StateAlert[] = [
  {
    kind: 'line',
    name: 'StoreUnavailable',
    severity: 'page',
    summary:
      'The store takes no writes: intake answers 503 and nothing leaves. Both go on by themselves once it is back',
    metric: 'storeWritable',
    take: 'min',
    comparison: '<',
    line: 1,
    forMs: minuteMs,
  },
  {
    kind: 'line',
    name: 'StoreNotDurable',
    severity: 'page',
    summary: 'The store does not sync every write: what is accepted now could be lost in a power cut',
    metric: 'storeDurable',
    take: 'min',
    comparison: '<',
    line: 1,
    forMs: minuteMs,
  },
  {
    kind: 'line',
    name: 'StoreWentBack',
    severity: 'page',
    summary: 'The store has gone back in time: nothing is sent until a person adopts it',
    metric: 'storeWentBack',
    take: 'max',
    comparison: '>',
    line: 0,
    forMs: 0,
  },
  {
    kind: 'line',
    name: 'WitnessAway',
    severity: 'ticket',
    summary:
      'The witness of the store cannot be read or written: a store that goes back in time would not be known by it',
    metric: 'witnessOk',
    take: 'min',
    comparison: '<',
    line: 1,
    forMs: 5 * minuteMs,
  },
  {
    kind: 'line',
    name: 'RecordsParked',
    severity: 'ticket',
    summary:
      'Events or messages lie aside because the running program cannot read them: a newer one wrote them',
    metric: 'recordsParked',
    take: 'max',
    comparison: '>',
    line: 0,
    forMs: 5 * minuteMs,
  },
];
