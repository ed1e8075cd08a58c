import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findRoot } from '../../local/root.ts';
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
