import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findRoot } from '../../local/root.ts';
import type { RuleGroup } from '../../scripts/lib/monitoring/rule-group.ts';
import { readFromRoot } from './manifests.ts';

const folders = ['monitoring', 'k8s'] as const;

/** Paths, from the root, of every file that may name a metric: rules, dashboard, scaler. */
export function listMonitoringFiles(): readonly string[] {
  const root = findRoot();
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)),
  );
}

/** The metrics of ours that a file names, without the suffixes of a histogram. */
export function findMetrics(path: string): readonly string[] {
  const names = readFromRoot(path).match(/\bacc_[a-z0-9_]+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|count|sum)$/, '')))];
}

/** Every metric that rules, dashboard or scaler name. */
export function listUsedMetrics(): readonly string[] {
  return [...new Set(listMonitoringFiles().flatMap(findMetrics))].toSorted();
}

/** Every alert of the rules as they are shipped, with the label that tells it from its like: `BudgetBurnsFast{5xx}`. */
export function listAlerts(): readonly string[] {
  const files = listMonitoringFiles().filter((path) => path.startsWith('monitoring/prometheus/rules/'));
  const groups = files.flatMap((path) => (parse(readFromRoot(path)) as { groups: RuleGroup[] }).groups);
  return groups
    .flatMap(({ rules }) => rules)
    .flatMap((rule) => ('alert' in rule ? [nameAlert(rule.alert, rule.labels)] : []));
}

/** How the tests call an alert: by its name, and the trigger, objective or queue that it is about. */
export function nameAlert(name: string, labels: Readonly<Record<string, string>>): string {
  const own = labels['trigger'] ?? labels['slo'] ?? labels['queue'];
  return own === undefined ? name : `${name}{${own}}`;
}
