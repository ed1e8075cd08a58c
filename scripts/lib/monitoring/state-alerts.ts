import { settings } from '../../../src/config/settings.ts';
import { proofIntervalsMax } from '../../../src/domain/proof-of-life.ts';
import { bucketMs } from '../../../src/domain/thresholds.ts';
import type { LineAlert, StateAlert } from './alert-kinds.ts';
import { createPromql, type Promql, type RuleOptions, shownByApi } from './promql.ts';
import { providerAlerts } from './provider-alerts.ts';
import { type AlertRule, createAlert, type RuleGroup } from './rule-group.ts';
import { storeAlerts } from './store-alerts.ts';

/** Failures and requests of one client. */
function tryClient(failures: string, requests: string, end: { atSteps: number; fires: boolean }) {
  const labels = { client: 'scholar' };
  const series = [
    { metric: 'guardClientFailures', labels, values: failures },
    { metric: 'guardClientRequests', labels, values: requests },
  ] as const;
  return { series, labels, ...end };
}

/** Tokens refused for their keys, and good ones. */
function tryTokens(refused: string, good: string, end: { atSteps: number; fires: boolean }) {
  const series = [
    { metric: 'tokenFailures', labels: { reason: 'unknown-key' }, values: refused },
    { metric: 'guardTokens', labels: { verdict: 'good' }, values: good },
  ] as const;
  return { series, ...end };
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const proofAgeMsMax = proofIntervalsMax * Number(settings.PROOF_OF_LIFE_SECONDS.default) * 1_000;

/** Every alert on a state. Lines that only people care about are here; those the service acts on are in `src/domain`. */
export const stateAlerts: readonly StateAlert[] = [
  {
    kind: 'absent',
    name: 'FiguresAbsent',
    severity: 'page',
    summary: 'No API process can be scraped: nobody knows whether the service works',
    ...shownByApi,
    forMs: 2 * minuteMs,
  },
  {
    kind: 'absent',
    name: 'GuardAbsent',
    severity: 'page',
    summary: 'No guard judges the rollback triggers: nothing would stop by itself',
    metric: 'triggerVerdict',
    forMs: 2 * minuteMs,
  },
  {
    kind: 'line',
    name: 'TriggerLatched',
    severity: 'page',
    summary: 'The guard acted on the trigger {{ $labels.trigger }}; it stays so until a person releases it',
    metric: 'triggerLatched',
    by: 'trigger',
    take: 'max',
    comparison: '>',
    line: 0,
    forMs: 0,
  },
  ...storeAlerts,
  ...providerAlerts,
  {
    kind: 'growth',
    name: 'KeysUnavailable',
    severity: 'page',
    summary: 'No usable key of the issuer: events go to quarantine and nothing of them is sent',
    metric: 'keysUnavailable',
    windowMs: 5 * minuteMs,
  },
  {
    kind: 'free',
    name: 'ClientFailing',
    severity: 'page',
    summary:
      'At least a tenth of the requests of {{ $labels.client }} end in a 5xx of ours. No trigger fires on one client alone',
    expr: (promql) => {
      const [failed, all] = (['guardClientFailures', 'guardClientRequests'] as const).map((metric) =>
        promql.growBy('client', metric, {}, 5 * minuteMs),
      );
      return `100 * ${failed} - 10 * ${all} > -0.5\nand ${all} > 19.5`;
    },
    tries: [
      tryClient('0+1x30', '0+10x30', { atSteps: 30, fires: true }),
      tryClient('0+1x29 29', '0+10x30', { atSteps: 30, fires: false }),
      tryClient('0+1x30', '0 19+0x30', { atSteps: 1, fires: false }),
      tryClient('0+2x30', '0 20+0x30', { atSteps: 1, fires: true }),
    ],
  },
  {
    kind: 'free',
    name: 'NoTokenGood',
    severity: 'ticket',
    summary:
      'Tokens are refused for their keys and none has been good for 5 minutes, though some were within the hour: a rotation that went wrong, or strangers in a quiet time',
    expr: (promql) => {
      const good = (ms: number) => promql.grow('guardTokens', { verdict: 'good' }, ms);
      const reason = '=~unknown-key|bad-signature|wrong-algorithm';
      return [
        `${promql.grow('tokenFailures', { reason }, 5 * minuteMs)} > 19.5`,
        `unless ${good(5 * minuteMs)} > 0.5`,
        `and ${good(hourMs)} > 0.5`,
      ].join('\n');
    },
    tries: [
      tryTokens('0x29 0+1x31', '0 1x60', { atSteps: 50, fires: true }),
      tryTokens('0x29 0+1x31', '0 1x60', { atSteps: 49, fires: false }),
      tryTokens('0x29 0+1x31', '0 1x45 2x15', { atSteps: 50, fires: false }),
      tryTokens('0x29 0+1x31', '0x60', { atSteps: 50, fires: false }),
    ],
  },
  {
    kind: 'line',
    name: 'ProofOfLifeOld',
    severity: 'page',
    summary: 'No synthetic message has gone the whole way for too long: work is not being done',
    metric: 'proofOfLifeAge',
    take: 'max',
    comparison: '>',
    line: { ms: proofAgeMsMax },
    unless: 'queueHeldBack',
    forMs: minuteMs,
  },
  {
    kind: 'line',
    name: 'QueueTooOld',
    severity: 'page',
    summary: 'A job of the queue {{ $labels.queue }} has waited for more than 15 minutes',
    metric: 'queueOldestAge',
    by: 'queue',
    take: 'max',
    comparison: '>',
    line: { ms: 15 * minuteMs },
    unless: 'queueHeldBack',
    forMs: 5 * minuteMs,
  },
  {
    kind: 'line',
    name: 'DeadLettersWaiting',
    severity: 'ticket',
    summary: 'Messages or events were given up and nobody has replayed or discarded them',
    metric: 'deadLettersKept',
    take: 'max',
    comparison: '>',
    line: 0,
    forMs: 5 * minuteMs,
  },
  {
    kind: 'line',
    name: 'OutcomesUnknown',
    severity: 'ticket',
    summary: 'Messages left and no answer came: a person has to say whether they arrived',
    metric: 'messages',
    match: { state: 'unknown' },
    take: 'max',
    comparison: '>',
    line: 0,
    forMs: 5 * minuteMs,
  },
  {
    kind: 'line',
    name: 'HeldTooLong',
    severity: 'ticket',
    summary: 'A message has been on hold for more than a day',
    metric: 'messageOldestAge',
    match: { state: 'held' },
    take: 'max',
    comparison: '>',
    line: { ms: 24 * hourMs },
    forMs: 5 * minuteMs,
  },
  {
    kind: 'line',
    name: 'QuarantineTooOld',
    severity: 'page',
    summary: 'An event has been in quarantine for more than an hour: its token could not be judged',
    metric: 'quarantineOldestAge',
    take: 'max',
    comparison: '>',
    line: { ms: hourMs },
    forMs: 5 * minuteMs,
  },
  {
    kind: 'line',
    name: 'SendingStopped',
    severity: 'ticket',
    summary: 'Sending is stopped: messages are held, nothing is lost',
    metric: 'sending',
    take: 'max',
    comparison: '<',
    line: 1,
    unless: 'dryRun',
    forMs: 15 * minuteMs,
  },
  {
    kind: 'line',
    name: 'IngestionPaused',
    severity: 'ticket',
    summary: 'Intake is paused: upstream services are refused with 503',
    metric: 'ingestionPaused',
    take: 'max',
    comparison: '>',
    line: 0,
    forMs: 15 * minuteMs,
  },
  {
    kind: 'line',
    name: 'ConsumersPaused',
    severity: 'ticket',
    summary: 'Consumers are paused: the queues grow',
    metric: 'consumersPaused',
    take: 'max',
    comparison: '>',
    line: 0,
    forMs: 15 * minuteMs,
  },
  {
    kind: 'growth',
    name: 'FiguresIncomplete',
    severity: 'ticket',
    summary: 'Scrapes go without a part of the figures: reading the store fails or takes too long',
    metric: 'collectFailures',
    windowMs: 5 * minuteMs,
  },
];

/** An alert that always fires: a receiver that stops hearing it knows that nobody would hear the others. */
const watchdog = createAlert(
  { name: 'Watchdog', severity: 'watchdog', summary: 'Always fires. Its silence is the alarm' },
  'vector(1)',
);

export function createStateGroup(options: RuleOptions): RuleGroup {
  const promql = createPromql(options);
  return {
    name: 'acc-state',
    interval: promql.span(bucketMs),
    rules: [watchdog, ...stateAlerts.map((alert) => writeStateAlert(promql, alert))],
  };
}

function writeStateAlert(promql: Promql, alert: StateAlert): AlertRule {
  switch (alert.kind) {
    case 'line':
      return createAlert(alert, writeLine(promql, alert), writeFor(promql, alert.forMs));
    case 'growth':
      return createAlert(alert, `${promql.grow(alert.metric, {}, alert.windowMs)} > 0`);
    case 'absent':
      return createAlert(
        alert,
        `absent(sum(${promql.select(alert.metric, alert.match)}))`,
        writeFor(promql, alert.forMs),
      );
    case 'free':
      return createAlert(alert, alert.expr(promql));
    default:
      return alert satisfies never;
  }
}

function writeLine(promql: Promql, { by, take, comparison, line, unless, ...alert }: LineAlert): string {
  const value = typeof line === 'number' ? line : promql.squeeze(line.ms) / 1_000;
  const figure = `${take}${by === undefined ? '' : ` by (${by}) `}(${promql.select(alert.metric, alert.match)})`;
  const except = unless === undefined ? '' : `\nunless on () max(${promql.select(unless)}) > 0`;
  return `${figure} ${comparison} ${value}${except}`;
}

function writeFor(promql: Promql, ms: number): string | undefined {
  return ms === 0 ? undefined : promql.span(ms);
}
