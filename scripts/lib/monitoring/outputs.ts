import { stringify } from 'yaml';
import { alertmanagerConfiguration } from './alertmanager.ts';
import { createQuickBurnGroup, createSlowBurnGroup } from './burn-alerts.ts';
import { createDashboard } from './dashboard.ts';
import type { RuleOptions } from './promql.ts';
import type { RuleGroup, RuleSubject } from './rule-group.ts';
import { listRuleTests } from './rule-tests.ts';
import { createStateGroup } from './state-alerts.ts';
import { createDepthGroup, createTriggerGroup } from './trigger-alerts.ts';

/** All generated files, by their path from the root. */
export function listOutputs(): Readonly<Record<string, string>> {
  const rules = createRules();
  const inProduction = createRules({ labels: { namespace: 'acc-production' } });
  return {
    ...Object.fromEntries(
      Object.entries(rules).map(([subject, groups]) => [
        `monitoring/prometheus/rules/${subject}.yaml`,
        writeYaml({ groups }),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(listRuleTests(rules)).map(([name, file]) => [
        `monitoring/prometheus/tests/${name}.yaml`,
        writeYaml(file),
      ]),
    ),
    'monitoring/alertmanager/alertmanager.yaml': writeYaml(alertmanagerConfiguration),
    'monitoring/grafana/dashboard.json': `${JSON.stringify(createDashboard(), null, 2)}\n`,
    'k8s/overlays/production/prometheus-rule.yaml': writeYaml(
      createPrometheusRule(Object.values(inProduction).flat()),
    ),
  };
}

/** Every rule that we have, by subject. */
export function createRules(options: RuleOptions = {}): Readonly<Record<RuleSubject, readonly RuleGroup[]>> {
  return {
    triggers: [createTriggerGroup(options)],
    'triggers-depth': [createDepthGroup(options)],
    'burn-quick': [createQuickBurnGroup(options)],
    'burn-slow': [createSlowBurnGroup(options)],
    state: [createStateGroup(options)],
  };
}

export function writeYaml(value: unknown): string {
  const head = '# Generated from src/domain/thresholds.ts by scripts/generate-monitoring.ts.\n';
  return head + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The rules as an object of the Prometheus operator. */
function createPrometheusRule(groups: readonly RuleGroup[]): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'auto-com-center', labels: { 'app.kubernetes.io/name': 'auto-com-center' } },
    spec: { groups },
  };
}
