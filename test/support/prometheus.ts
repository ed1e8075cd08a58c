import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findFreePort } from '../../local/loopback.ts';
import { nameAlert, parseSpan, readRuleFiles } from './monitoring-files.ts';
import { waitFor } from './wait-for.ts';

/** A real Prometheus on loopback, with our rules at a pace of the test's. Gone, with all that it kept, after `stop`. */
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

/** How the rules are sped up for a test. */
export interface RulePace {
  /** How long a span is made, in ms. */
  readonly squeeze: (ms: number) => number;
  /** Fewest samples that a burn of up-time or depth rests on. They come by the clock: a squeezed window holds few. */
  readonly clockedSamplesMin: number;
}

export interface PrometheusOptions {
  /** `127.0.0.1:port` of what is scraped, every second. */
  readonly targets: readonly string[];
  readonly rules: RulePace;
}

/** Whether a program is installed. Where it is not, prints what goes untested, and how to install it. */
export function isInstalled(program: string, debianPackage: string): boolean {
  const isThere = spawnSync(program, ['--version']).status === 0;
  if (!isThere)
    process.stderr.write(
      `BLOCKED: no ${program}, its tests are skipped (apt-get install ${debianPackage})\n`,
    );
  return isThere;
}

/**
 * Starts `prometheus` (Debian: `apt-get install prometheus`) and resolves when it judges. It gets the rules only once
 * every target has been scraped: what is absent at the start would else look as if it had gone.
 */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const dir = mkdtempSync(join(tmpdir(), 'acc-prometheus-'));
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  writeConfiguration(dir, options.targets);
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
      'every target scraped',
      // Until it listens, connections are refused.
      () => askSamples(url, 'up == 1').catch(() => []),
      (up) => up.length === options.targets.length,
      { deadlineMs: 45_000, everyMs: 100 },
    );
    writeRules(dir, options.rules);
    child.kill('SIGHUP');
    await waitFor(
      'rules loaded',
      async () => (await ask<{ groups: readonly unknown[] }>(`${url}/api/v1/rules`)).groups.length,
      (groups) => groups > 0,
      { deadlineMs: 10_000, everyMs: 50 },
    );
  } catch (error) {
    await stop();
    throw new Error(`prometheus did not start:\n${said}`, { cause: error });
  }
  return {
    url,
    listFiring: async () => {
      const { alerts } = await ask<{ alerts: readonly Alert[] }>(`${url}/api/v1/alerts`);
      return new Set(
        alerts
          .filter(({ state }) => state === 'firing')
          .map(({ labels }) => nameAlert(labels['alertname'] ?? '', labels)),
      );
    },
    query: (expr) => askSamples(url, expr),
    stop,
  };
}

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

function writeConfiguration(dir: string, targets: readonly string[]): void {
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [`${dir}/*.rules.yaml`],
    scrape_configs: [{ job_name: 'acc', static_configs: [{ targets }] }],
  };
  writeFileSync(join(dir, 'prometheus.yaml'), stringify(configuration));
}

function writeRules(dir: string, pace: RulePace): void {
  for (const [name, text] of Object.entries(readRuleFiles()))
    writeFileSync(join(dir, name.replace('.yaml', '.rules.yaml')), changePace(text, pace));
}

/** The rules with all spans squeezed, those that a figure is compared with too. */
function changePace(text: string, { squeeze, clockedSamplesMin }: RulePace): string {
  const span = (ms: string) => `${squeeze(parseSpan(ms))}ms`;
  // How many windows of a minute begin, a step apart, so that all of them lie in five.
  const [stepMs, betweenMs] = [squeeze(10_000), squeeze(300_000) - squeeze(60_000)];
  const windows = betweenMs / stepMs + 1;
  return text
    .replaceAll(/(?<=\[|\b(?:interval|for): )(?:\d+[smhd])+(?=[\]\n])/g, span)
    .replace(/(?<=p95_margin\[)\w+\]\) > 24\.5/, `${betweenMs + stepMs / 2}ms]) > ${windows - 0.5}`)
    .replaceAll(/(?<=_age_seconds\S* > )\d+/g, (seconds) => String(squeeze(1_000 * Number(seconds)) / 1_000))
    .replaceAll(/(?<=slo="(?:uptime|depth)"\} > )49\.5/g, String(clockedSamplesMin - 0.5));
}

async function askSamples(url: string, expr: string): Promise<readonly Sample[]> {
  const { result } = await ask<{ result: readonly { metric: Sample['metric']; value: [number, string] }[] }>(
    `${url}/api/v1/query?query=${encodeURIComponent(expr)}`,
  );
  return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
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
