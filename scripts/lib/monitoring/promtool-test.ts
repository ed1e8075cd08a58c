import { formatLabels, formatSpan, type Labels } from './promql.ts';
import type { AlertRule, RuleGroup, RuleSubject } from './rule-group.ts';

/** A file of `promtool test rules`. */
export interface PromtoolFile {
  readonly rule_files: readonly string[];
  readonly evaluation_interval: string;
  readonly tests: readonly PromtoolTest[];
}

export interface PromtoolTest {
  readonly name: string;
  readonly interval: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test: readonly AlertCheck[];
}

export interface AlertCheck {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts: readonly { readonly exp_labels: Labels; readonly exp_annotations: Labels }[];
}

/** Loads the rules of `subject` alone: the others would be evaluated too, for days of it. */
export function createTestFile(
  subject: RuleSubject,
  interval: string,
  tests: readonly PromtoolTest[],
): PromtoolFile {
  return { rule_files: [`../rules/${subject}.yaml`], evaluation_interval: interval, tests };
}

export function writeSeries(
  name: string,
  labels: Labels,
  values: string,
): PromtoolTest['input_series'][number] {
  return { series: `${name}${formatLabels(labels)}`, values };
}

/** Says that an alert fires at an instant with all that it says, or that it is silent. `labels`: those of the series. */
export function checkAlert(
  groups: readonly RuleGroup[],
  alertname: string,
  check: { readonly atMs: number; readonly fires: boolean; readonly labels?: Labels },
): AlertCheck {
  const own = check.labels ?? {};
  const { labels, annotations } = findAlert(groups, alertname, own);
  const fill = (text: string) =>
    text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => own[name] ?? '');
  const filled = Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, fill(text)]));
  return {
    eval_time: formatSpan(check.atMs),
    alertname,
    exp_alerts: check.fires ? [{ exp_labels: { ...own, ...labels }, exp_annotations: filled }] : [],
  };
}

/** The first alert of a name, among those that have these labels of their own. */
function findAlert(groups: readonly RuleGroup[], name: string, own: Labels): AlertRule {
  for (const { rules } of groups)
    for (const rule of rules)
      if ('alert' in rule && rule.alert === name && (rule.labels['slo'] ?? own['slo']) === own['slo'])
        return rule;
  throw new Error(`there is no alert ${name}`);
}
