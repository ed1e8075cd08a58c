import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findFreePort } from '../../local/loopback.ts';
import { createRules, writeYaml } from '../../scripts/lib/monitoring/outputs.ts';
import { waitFor } from './wait-for.ts';

/** A real Prometheus on loopback, with our rules at another pace. Gone, with all that it kept, after `stop`. */
export interface PrometheusServer {
  readonly url: string;
  /** The names of the alerts that fire now, with the labels that tell them apart: `TriggerLatched{tokens}`. */
  listFiring(): Promise<ReadonlySet<string>>;
  query(expr: string): Promise<readonly Sample[]>;
  stop(): Promise<void>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusOptions {
  /** `127.0.0.1:port` of what is scraped, every second. */
  readonly targets: readonly string[];
  /** All spans of the rules times this. */
  readonly timeScale: number;
}

/** Whether a program is installed. Where it is not, says aloud what goes untested, and how to get it. */
export function isInstalled(program: string, debianPackage: string): boolean {
  const isThere = spawnSync(program, ['--version']).status === 0;
  if (!isThere)
    process.stderr.write(
      `BLOCKED: no ${program}, its tests are skipped (apt-get install ${debianPackage})\n`,
    );
  return isThere;
}

/** Starts `prometheus` (Debian: `apt-get install prometheus`) and resolves when it is ready. */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const dir = mkdtempSync(join(tmpdir(), 'acc-prometheus-'));
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  writeConfiguration(dir, options);
  const child = spawn(
    'prometheus',
    [
      `--config.file=${dir}/prometheus.yaml`,
      `--storage.tsdb.path=${dir}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said = `${said}${bytes.toString('utf8')}`.slice(-4_000);
  });
  const stop = async (): Promise<void> => {
    await endChild(child);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await waitFor(
      'prometheus ready',
      () =>
        fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
      (isReady) => isReady,
      { deadlineMs: 20_000, everyMs: 50 },
    );
  } catch (error) {
    await stop();
    throw new Error(`prometheus did not start:\n${said}`, { cause: error });
  }
  return {
    url,
    listFiring: async () => {
      const { alerts } = await ask<{ alerts: readonly Alert[] }>(`${url}/api/v1/alerts`);
      return new Set(alerts.filter(({ state }) => state === 'firing').map(nameAlert));
    },
    query: async (expr) => {
      const answer = await ask<{ result: readonly { metric: Sample['metric']; value: [number, string] }[] }>(
        `${url}/api/v1/query?query=${encodeURIComponent(expr)}`,
      );
      return answer.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    stop,
  };
}

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

function nameAlert({ labels }: Alert): string {
  const own = labels['trigger'] ?? labels['slo'] ?? labels['queue'];
  return `${labels['alertname'] ?? ''}${own === undefined ? '' : `{${own}}`}`;
}

function writeConfiguration(dir: string, { targets, timeScale }: PrometheusOptions): void {
  const rules = createRules({ timeScale });
  for (const [subject, groups] of Object.entries(rules))
    writeFileSync(join(dir, `${subject}.rules.yaml`), writeYaml({ groups }));
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [`${dir}/*.rules.yaml`],
    scrape_configs: [{ job_name: 'acc', static_configs: [{ targets }] }],
  };
  writeFileSync(join(dir, 'prometheus.yaml'), stringify(configuration));
}

async function ask<Data>(url: string): Promise<Data> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  const { data } = (await response.json()) as { data: Data };
  return data;
}

async function endChild(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(killer);
}
