import { bucketMs } from '../../../src/domain/thresholds.ts';
import type { StateAlert } from './alert-kinds.ts';
import { formatSpan, type Labels, nameMetric } from './promql.ts';
import {
  checkAlert,
  createTestFile,
  type PromtoolFile,
  type PromtoolTest,
  writeSeries,
} from './promtool-test.ts';
import type { RuleGroup } from './rule-group.ts';
import { stateAlerts } from './state-alerts.ts';

const interval = formatSpan(bucketMs);
/** Samples before anything happens. */
const quiet = 30;
/** What stands for the label that an alert is split by. */
const example = 'some';

type LineAlert = Extract<StateAlert, { kind: 'line' }>;
type FreeAlert = Extract<StateAlert, { kind: 'free' }>;

/** Each alert on a state: on its line, beyond it, a step short of its time, after a dip, and without data. */
export function stateAlertTests(groups: readonly RuleGroup[]): PromtoolFile {
  const watchdog: PromtoolTest = {
    name: 'Watchdog fires without any data',
    interval,
    input_series: [],
    alert_rule_test: [checkAlert(groups, 'Watchdog', { atMs: 0, fires: true })],
  };
  return createTestFile('state', interval, [
    watchdog,
    ...stateAlerts.flatMap((alert) =>
      alert.kind === 'free' ? writeTries(groups, alert) : [writeTest(groups, alert)],
    ),
  ]);
}

function writeTries(groups: readonly RuleGroup[], alert: FreeAlert): readonly PromtoolTest[] {
  const check = createCheck(groups, alert);
  return alert.tries.map(({ series, atSteps, fires, labels = {} }, order) => ({
    name: `${alert.name}: ${fires ? 'fires' : 'silent'} (${order + 1})`,
    interval,
    input_series: series.map((one) => writeSeries(nameMetric(one.metric), one.labels, one.values)),
    alert_rule_test: [check(atSteps, fires, labels)],
  }));
}

function writeTest(groups: readonly RuleGroup[], alert: Exclude<StateAlert, FreeAlert>): PromtoolTest {
  const check = createCheck(groups, alert);
  switch (alert.kind) {
    case 'line':
      return writeLine(groups, alert);
    case 'growth':
      return {
        name: `${alert.name}: silent while it stands still, fires when it grows`,
        interval,
        input_series: [writeSeries(nameMetric(alert.metric), {}, `7+0x${quiet - 1} 8+0x9`)],
        alert_rule_test: [check(quiet - 1, false), check(quiet, true)],
      };
    case 'absent': {
      const steps = alert.forMs / bucketMs;
      return {
        name: `${alert.name}: silent while it is there, fires when it is gone`,
        interval,
        input_series: [writeSeries(nameMetric(alert.metric), alert.match ?? {}, `1+0x${quiet - 1} stale`)],
        alert_rule_test: [
          check(quiet - 1, false),
          check(quiet + steps - 1, false),
          check(quiet + steps, true),
        ],
      };
    }
    default:
      return alert satisfies never;
  }
}

function writeLine(groups: readonly RuleGroup[], alert: LineAlert): PromtoolTest {
  const check = createCheck(groups, alert);
  const line = typeof alert.line === 'number' ? alert.line : alert.line.ms / 1_000;
  const beyond = alert.comparison === '>' ? line + 1 : line - 1;
  const steps = alert.forMs / bucketMs;
  const labels = alert.by === undefined ? {} : { [alert.by]: example };
  const dippedAt = quiet + steps + 1;
  const values = `${line}+0x${quiet - 1} ${beyond}+0x${steps} ${line} ${beyond}+0x${steps} stale`;
  return {
    name: `${alert.name}: on its line, beyond it, after a dip, and without data`,
    interval,
    input_series: [writeSeries(nameMetric(alert.metric), { ...alert.match, ...labels }, values)],
    alert_rule_test: [
      check(quiet - 1, false),
      ...(steps === 0 ? [] : [check(quiet + steps - 1, false)]),
      check(quiet + steps, true, labels),
      check(dippedAt, false),
      ...(steps === 0 ? [] : [check(dippedAt + steps, false)]),
      check(dippedAt + steps + 1, true, labels),
      check(dippedAt + steps + 2, false),
    ],
  };
}

/** Answers a check of one alert by the number of the sample that it looks at. */
function createCheck(groups: readonly RuleGroup[], { name }: StateAlert) {
  return (step: number, fires: boolean, labels: Labels = {}) =>
    checkAlert(groups, name, { atMs: step * bucketMs, fires, labels });
}
