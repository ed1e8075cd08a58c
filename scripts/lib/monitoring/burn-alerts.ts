import {
  apiP95TargetMs,
  type BurnAlert,
  type BurnWindow,
  burnAlerts,
  burnSamplesMin,
  burnWindowsMs,
  type SloName,
  sloNames,
  sloTable,
} from '../../../src/domain/thresholds.ts';
import { createPromql, formatLabels, type Promql, type RuleOptions, shownByApi } from './promql.ts';
import { type AlertRule, createAlert, type RecordingRule, type RuleGroup } from './rule-group.ts';

const quickIntervalMs = 60_000;
const quickWindowMsMax = burnWindowsMs['1h'];
const downRecord = 'acc:api_down';
/** Recorded for each objective and window: what was bad, and all of it. */
export const badRecord = (window: BurnWindow): string => `acc:slo_bad:${window}`;
export const totalRecord = (window: BurnWindow): string => `acc:slo_total:${window}`;

/** Their samples come by the clock; those of the others come with the traffic. */
const clockedSlos: ReadonlySet<SloName> = new Set(['uptime', 'depth']);

export const burnAlertNames = ['BudgetBurnsFast', 'BudgetBurnsSteadily', 'BudgetBurnsSlowly'] as const;

/** The fast burn, judged every minute. */
export function createQuickBurnGroup(options: RuleOptions): RuleGroup {
  const promql = createPromql(options);
  return {
    name: 'acc-slo-burn-quick',
    interval: promql.span(quickIntervalMs),
    rules: [recordDown(promql), ...writeRules(promql, true, options)],
  };
}

/** The slower burns, judged every five minutes: their long windows cost more to count, and change less. */
export function createSlowBurnGroup(options: RuleOptions): RuleGroup {
  const promql = createPromql(options);
  return {
    name: 'acc-slo-burn-slow',
    interval: promql.span(5 * quickIntervalMs),
    rules: writeRules(promql, false, options),
  };
}

function writeRules(
  promql: Promql,
  wantsQuick: boolean,
  { clockedSamplesMin = burnSamplesMin }: RuleOptions,
): readonly (RecordingRule | AlertRule)[] {
  const alerts = burnAlerts
    .map((alert, order) => ({ ...alert, name: burnAlertNames[order] ?? '' }))
    .filter(({ long }) => burnWindowsMs[long] <= quickWindowMsMax === wantsQuick);
  const windows = new Set(alerts.flatMap(({ long, short }) => [short, long]));
  return sloNames.flatMap((slo) => {
    const samplesMin = clockedSlos.has(slo) ? clockedSamplesMin : burnSamplesMin;
    return [
      ...[...windows].flatMap((window) => recordSlo(promql, slo, window)),
      ...alerts.map((alert) => writeAlert(slo, alert, samplesMin)),
    ];
  });
}

/** Down, as Prometheus sees it: no API process can be scraped, or every request of a client failed in the last minute. */
function recordDown(promql: Promql): RecordingRule {
  const { bad, total } = writeFailures(promql, quickIntervalMs);
  return {
    record: downRecord,
    expr: [
      `absent(sum(${promql.select(shownByApi.metric, shownByApi.match)}))`,
      `or ${bad} >= bool (${total} > 0)`,
      'or vector(0)',
    ].join('\n'),
  };
}

/** Requests that clients got a 5xx for, whoever is to blame, and all that were not refused by decision. */
function writeFailures(promql: Promql, ms: number): { readonly bad: string; readonly total: string } {
  const outages = promql.grow('guardOutages', {}, ms);
  return {
    bad: `(${promql.grow('guardFailures', {}, ms)} + ${outages})`,
    total: `(${promql.grow('guardRequests', {}, ms)} + ${outages})`,
  };
}

function recordSlo(promql: Promql, slo: SloName, window: BurnWindow): readonly RecordingRule[] {
  const { bad, total } = writeTally(promql, slo, burnWindowsMs[window]);
  return [
    { record: badRecord(window), expr: bad, labels: { slo } },
    { record: totalRecord(window), expr: total, labels: { slo } },
  ];
}

function writeTally(promql: Promql, slo: SloName, ms: number): { bad: string; total: string } {
  const tokens = (verdict: string) => promql.grow('guardTokens', { verdict }, ms);
  const ends = (end: string) => promql.grow('messagesEnded', { end }, ms);
  const range = `${downRecord}[${promql.span(ms)}]`;
  const timed = (suffix: string, labels = {}) => promql.grow('guardRequestSeconds', labels, ms, suffix);
  switch (slo) {
    case 'uptime':
      return { bad: `sum_over_time(${range})`, total: `count_over_time(${range})` };
    case '5xx':
      return writeFailures(promql, ms);
    case 'p95':
      return {
        bad: `${timed('_count')} - ${timed('_bucket', { le: String(apiP95TargetMs / 1_000) })}`,
        total: timed('_count'),
      };
    case 'auth':
      return { bad: tokens('bad'), total: tokens('=~good|bad') };
    case 'dead-letters':
      return { bad: ends('dead'), total: ends('=~sent|dead') };
    case 'depth':
      return {
        bad: promql.grow('depthSamplesOver', {}, ms),
        total: promql.grow('depthSamples', {}, ms),
      };
    default:
      return slo satisfies never;
  }
}

/** Whole numbers on both sides, as the guard compares them: exactly at the rate is not over it. */
function writeAlert(
  slo: SloName,
  { name, severity, burnTenths, long, short }: BurnAlert & { readonly name: string },
  samplesMin: number,
) {
  const own = formatLabels({ slo });
  const isFaster = (window: BurnWindow) =>
    `100000 * ${badRecord(window)}${own} > ${burnTenths * sloTable[slo].budgetBasisPoints} * ${totalRecord(window)}${own}`;
  return createAlert(
    {
      name,
      severity,
      labels: { slo },
      summary: `The error budget of ${slo} (${sloTable[slo].target}) burns over ${burnTenths / 10} times too fast, for ${long} and still for ${short}`,
    },
    [isFaster(long), `and ${isFaster(short)}`, `and ${totalRecord(long)}${own} > ${samplesMin - 0.5}`].join(
      '\n',
    ),
  );
}
