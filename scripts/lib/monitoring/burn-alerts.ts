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
import { createPromql, type Promql, type RuleOptions } from './promql.ts';
import { type AlertRule, createAlert, type RecordingRule, type RuleGroup } from './rule-group.ts';

const burnWindows = Object.keys(burnWindowsMs) as BurnWindow[];
const intervalMs = 60_000;
const downRecord = 'acc:api_down';
export const budgetRecord = 'acc:slo_budget_basis_points';
/** Recorded for each objective and window: what was bad, and all of it. */
export const badRecord = (window: BurnWindow): string => `acc:slo_bad:${window}`;
export const totalRecord = (window: BurnWindow): string => `acc:slo_total:${window}`;

const alertNames = ['BudgetBurnsFast', 'BudgetBurnsSteadily', 'BudgetBurnsSlowly'] as const;

/** How fast the budgets of the objectives burn, and the alerts on it, one for each pair of windows. */
export function createBurnGroup(options: RuleOptions): RuleGroup {
  const promql = createPromql(options);
  return {
    name: 'acc-slo-burn',
    interval: promql.span(intervalMs),
    rules: [
      recordDown(promql),
      ...sloNames.flatMap((slo) => recordSlo(promql, slo)),
      ...burnAlerts.map((alert, order) => writeAlert(alert, alertNames[order] ?? 'BudgetBurns')),
    ],
  };
}

/** Down, as Prometheus sees it: no API process can be scraped, or every request of the last minute failed. */
function recordDown(promql: Promql): RecordingRule {
  const figure = (name: string) => promql.grow('guardFigures', { figure: name }, intervalMs);
  return {
    record: downRecord,
    expr: [
      `absent(sum(${promql.select('guardFigures', { figure: 'requests' })}))`,
      `or ${figure('errors')} >= bool (${figure('requests')} > 0)`,
      'or vector(0)',
    ].join('\n'),
  };
}

function recordSlo(promql: Promql, slo: SloName): readonly RecordingRule[] {
  const labels = { slo };
  return [
    { record: budgetRecord, expr: `vector(${sloTable[slo].budgetBasisPoints})`, labels },
    ...burnWindows.flatMap((window) => {
      const { bad, total } = writeTally(promql, slo, burnWindowsMs[window]);
      return [
        { record: badRecord(window), expr: bad, labels },
        { record: totalRecord(window), expr: total, labels },
      ];
    }),
  ];
}

function writeTally(promql: Promql, slo: SloName, ms: number): { bad: string; total: string } {
  const figure = (name: string) => promql.grow('guardFigures', { figure: name }, ms);
  const range = `${downRecord}[${promql.span(ms)}]`;
  const timed = (suffix: string, labels = {}) => promql.grow('guardRequestSeconds', labels, ms, suffix);
  switch (slo) {
    case 'uptime':
      return { bad: `sum_over_time(${range})`, total: `count_over_time(${range})` };
    case '5xx':
      return { bad: figure('errors'), total: figure('requests') };
    case 'p95':
      return {
        bad: `${timed('_count')} - ${timed('_bucket', { le: String(apiP95TargetMs / 1_000) })}`,
        total: timed('_count'),
      };
    case 'auth':
      return { bad: figure('tokens-bad'), total: figure('=~tokens-(bad|good)') };
    case 'dead-letters':
      return { bad: figure('dead'), total: figure('=~sent|dead') };
    case 'depth':
      return { bad: figure('depth-over'), total: figure('depth-judged') };
    default:
      return slo satisfies never;
  }
}

/** Whole numbers on both sides, as the guard compares them: exactly at the rate is not over it. */
function writeAlert({ severity, burnTenths, long, short }: BurnAlert, name: string): AlertRule {
  const isFaster = (window: BurnWindow) =>
    `100000 * ${badRecord(window)} > ${burnTenths} * ${budgetRecord} * ${totalRecord(window)}`;
  const rate = burnTenths / 10;
  return createAlert(
    {
      name,
      severity,
      summary: `The error budget of {{ $labels.slo }} burns over ${rate} times too fast, for ${long} and still for ${short}`,
    },
    [isFaster(long), `and ${isFaster(short)}`, `and ${totalRecord(long)} > ${burnSamplesMin - 0.5}`].join(
      '\n',
    ),
  );
}
