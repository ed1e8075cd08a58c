import { type BurnAlert, burnAlerts, burnWindowsMs, sloTable } from '../../../src/domain/thresholds.ts';
import { burnAlertNames } from './burn-alerts.ts';
import { nameMetric, shownByApi } from './promql.ts';
import {
  checkAlert,
  createTestFile,
  type PromtoolFile,
  type PromtoolTest,
  writeSeries,
} from './promtool-test.ts';
import type { RuleGroup } from './rule-group.ts';
import { triggerMetrics } from './trigger-alerts.ts';

const minuteMs = 60_000;
const perMinute = 1_000;
const labels = { slo: '5xx' };

/** Each burn alert of a file, on the 5xx objective: at its rate, over it, recovered, and with too few samples. */
export function burnTests(subject: 'burn-quick' | 'burn-slow', groups: readonly RuleGroup[]): PromtoolFile {
  const present = new Set(
    groups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))),
  );
  const tests = burnAlerts.flatMap((alert, order) => {
    const name = burnAlertNames[order] ?? '';
    return present.has(name) ? testAlert(groups, alert, name) : [];
  });
  return createTestFile(subject, groups[0]?.interval ?? '1m', tests);
}

function testAlert(
  groups: readonly RuleGroup[],
  { burnTenths, long, short }: BurnAlert,
  name: string,
): readonly PromtoolTest[] {
  const minutes = burnWindowsMs[long] / minuteMs;
  const shortMinutes = burnWindowsMs[short] / minuteMs;
  const atLine = (perMinute * burnTenths * sloTable['5xx'].budgetBasisPoints) / 100_000;
  const total = (atLine + 1) * minutes;
  const steady = `0+${perMinute}x${minutes + shortMinutes}`;
  const check = (atMinutes: number, fires: boolean) =>
    checkAlert(groups, name, { atMs: atMinutes * minuteMs, fires, labels });
  return [
    writeTest(`${name}: silent exactly at its rate`, `0+${atLine}x${minutes}`, steady, [
      check(minutes, false),
    ]),
    writeTest(
      `${name}: fires over its rate, and no more when the short window is good again`,
      `0+${atLine + 1}x${minutes} ${total}+0x${shortMinutes - 1}`,
      steady,
      [check(minutes, true), check(minutes + shortMinutes, false)],
    ),
    writeTest(`${name}: silent with too few requests`, '0 49+0x10', '0 49+0x10', [check(5, false)]),
  ];
}

function writeTest(
  name: string,
  errors: string,
  requests: string,
  checks: PromtoolTest['alert_rule_test'],
): PromtoolTest {
  return {
    name,
    interval: '1m',
    input_series: [
      writeSeries(triggerMetrics.failures, {}, errors),
      writeSeries(triggerMetrics.requests, {}, requests),
      writeSeries(triggerMetrics.outages, {}, '0+0x10000'),
      // There is an API.
      writeSeries(nameMetric(shownByApi.metric), shownByApi.match, '0+0x10000'),
    ],
    alert_rule_test: checks,
  };
}
