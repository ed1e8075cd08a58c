import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findRoot } from '../../local/root.ts';
import { readFromRoot } from './manifests.ts';

const folders = ['monitoring', 'k8s'] as const;
const rulesFolder = 'monitoring/prometheus/rules';

/** A rule as Prometheus reads it: an alert, or an expression whose value is recorded under a name. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The files of rules as they are shipped, by name. */
export function readRuleFiles(): Readonly<Record<string, string>> {
  const names = readdirSync(join(findRoot(), rulesFolder)).toSorted();
  return Object.fromEntries(names.map((name) => [name, readFromRoot(`${rulesFolder}/${name}`)]));
}

/** Every rule as it is shipped, with the interval of its group. */
export function listRules(): readonly (Rule & { readonly interval: string })[] {
  return Object.values(readRuleFiles()).flatMap((text) => {
    const { groups }: { groups: { interval: string; rules: Rule[] }[] } = parse(text);
    return groups.flatMap(({ interval, rules }) => rules.map((rule) => ({ ...rule, interval })));
  });
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span as Prometheus writes it, in ms: `1m30s` → 90000. */
export function parseSpan(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[smhd])/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? Number.NaN), 0);
}

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
  return listRules().flatMap(({ alert, labels = {} }) =>
    alert === undefined ? [] : [nameAlert(alert, labels)],
  );
}

/** How the tests call an alert: by its name, and the trigger, objective or queue that it is about. */
export function nameAlert(name: string, labels: Readonly<Record<string, string>>): string {
  const own = labels['trigger'] ?? labels['slo'] ?? labels['queue'];
  return own === undefined ? name : `${name}{${own}}`;
}

/** What the tests look at of a panel of the dashboard. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number };
  readonly fieldConfig?: {
    readonly defaults: { readonly thresholds: { readonly steps: readonly { value: number | null }[] } };
  };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export function readPanels(): readonly Panel[] {
  const { panels }: { panels: Panel[] } = JSON.parse(readFromRoot('monitoring/grafana/dashboard.json'));
  return panels;
}
