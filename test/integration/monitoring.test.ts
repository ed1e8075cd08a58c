import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findRoot } from '../../local/root.ts';
import { createDashboard } from '../../scripts/lib/monitoring/dashboard.ts';
import { createRules } from '../../scripts/lib/monitoring/outputs.ts';
import type { AlertRule } from '../../scripts/lib/monitoring/rule-group.ts';
import { triggerAlerts } from '../../scripts/lib/monitoring/trigger-alerts.ts';
import { commandTable } from '../../src/cli/command-table.ts';
import { parseCommand } from '../../src/cli/parse-command.ts';
import { judgeTrigger } from '../../src/domain/trigger-rules.ts';
import { counterTable, gaugeTable, histogramTable, listMetricNames } from '../../src/observe/metric-table.ts';
import { readFromRoot } from '../support/manifests.ts';
import { findMetrics, listMonitoringFiles } from '../support/monitoring-files.ts';
import { isInstalled } from '../support/prometheus.ts';
import { playSegments, readRecordedSeries, recordedAtMs } from '../support/recorded-series.ts';

const hasPromtool = isInstalled('promtool', 'prometheus');
const hasAmtool = isInstalled('amtool', 'prometheus-alertmanager');

const root = findRoot();
const prometheusDir = join(root, 'monitoring/prometheus');
const dir = mkdtempSync(join(tmpdir(), 'acc-monitoring-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const groups = Object.values(createRules()).flat();
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter((rule): rule is AlertRule => 'alert' in rule);
const testFiles = readdirSync(join(prometheusDir, 'tests'));

function run(
  program: string,
  ...args: string[]
): Promise<{ readonly exitCode: number; readonly said: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? 1, said: `${stdout}${stderr}` }),
    );
  });
}

// Side by side: each is a process of its own, and some play days.
describe.skipIf(!hasPromtool)('promtool', { concurrent: true, timeout: 120_000 }, () => {
  test('finds no fault in the rules', async () => {
    const { exitCode, said } = await run('promtool', 'check', 'rules', ...listRuleFiles());
    expect(exitCode, said).toBe(0);
  });

  test.each(testFiles)('%s: every verdict is as expected', async (file) => {
    const { exitCode, said } = await run('promtool', 'test', 'rules', join(prometheusDir, 'tests', file));
    expect(exitCode, said).toBe(0);
  });

  test.each([
    ['5xx', '- 100 * acc', '- 101 * acc'],
    ['5xx', '> -0.5', '> 0.5'],
    ['5xx', '> 49.5', '> 50.5'],
    ['5xx', ', 500)', ', 501)'],
    ['5xx', 'unless on () (', 'unless on () (vector(1) < 0 and on ()'],
    ['5xx', 'and scalar(sum(acc:trigger_client_total{trigger="5xx"}))', 'and 1000 + scalar(sum(vector(1)))'],
    ['tokens', 'verdict="bad"', 'verdict=~"bad|garbage"'],
    ['tokens', '< 49.5', '< 0.5'],
    ['p95', '> 24.5', '> 18.5'],
    ['p95', '<= 0.5', '<= -0.5'],
    ['depth', 'for: 10m', 'for: 9m50s'],
    ['depth', '[25000ms]', '[35000ms]'],
    ['depth', '> 2 * max', '>= 2 * max'],
  ])('%s: a rule that says %s otherwise fails the recorded series', async (trigger, from, to) => {
    const copy = mkdtempSync(join(dir, 'rules-'));
    cpSync(prometheusDir, copy, { recursive: true });
    const file = join(copy, `rules/triggers${trigger === 'depth' ? '-depth' : ''}.yaml`);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replaceAll(from, to));
    const { exitCode, said } = await run(
      'promtool',
      'test',
      'rules',
      join(copy, `tests/trigger-${trigger}.yaml`),
    );
    expect(exitCode, said).not.toBe(0);
  });
});

test('what promtool expects of a recorded series is what the guard’s own rules say of it', () => {
  for (const { trigger, samplesMin, depthFloor = 0, cases } of readRecordedSeries()) {
    const file = parse(readFromRoot(`monitoring/prometheus/tests/trigger-${trigger}.yaml`)) as TestFile;
    const expected = file.tests.flatMap(({ name, alert_rule_test }) =>
      alert_rule_test.map(({ alertname, exp_alerts }) => ({ name, alertname, fires: exp_alerts.length > 0 })),
    );
    const judged = cases.flatMap(({ name, segments, checks }) =>
      checks.map(({ atSeconds }) => {
        const moment = { atMs: recordedAtMs + 1_000 * atSeconds, sinceMs: 0, samplesMin, depthFloor };
        const { verdict } = judgeTrigger(trigger, playSegments(segments), moment);
        return { name, alertname: triggerAlerts[trigger], fires: verdict === 'fail' };
      }),
    );
    expect(expected, trigger).toEqual(judged);
    expect(new Set(judged.map(({ fires }) => fires)), trigger).toEqual(new Set([true, false]));
  }
});

interface TestFile {
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
}

describe('every alert', () => {
  test.each([...new Set(alerts.map(({ alert }) => alert))])('%s has what a person at night needs', (name) => {
    const page = readFromRoot(`docs/runbooks/${name}.md`);
    expect(page.startsWith(`# ${name}\n`)).toBe(true);
    for (const { labels, annotations } of alerts.filter(({ alert }) => alert === name)) {
      expect(['page', 'ticket', 'watchdog']).toContain(labels['severity']);
      expect(annotations['summary']?.length).toBeGreaterThan(20);
      expect(annotations['runbook_url']).toMatch(new RegExp(`/docs/runbooks/${name}\\.md$`));
    }
    const commands = listCommands(page);
    expect(commands.length).toBeGreaterThan(0);
    for (const words of commands)
      expect(parseCommand(commandTable, words), words.join(' ')).toMatchObject({ kind: 'command' });
  });

  test('is tested, and there is no runbook of an alert that is gone', () => {
    const names = new Set(alerts.map(({ alert }) => alert));
    const tested = testFiles.map((file) => readFromRoot(`monitoring/prometheus/tests/${file}`)).join('\n');
    for (const name of names) expect(tested).toContain(`alertname: ${name}\n`);
    const pages = readdirSync(join(root, 'docs/runbooks')).filter((file) => file !== 'README.md');
    expect(new Set(pages.map((page) => page.replace('.md', '')))).toEqual(names);
  });
});

describe('metrics', () => {
  test.each(listMonitoringFiles())('%s names none that does not exist', (path) => {
    expect(findMetrics(path).filter((name) => !listMetricNames().includes(name))).toEqual([]);
  });

  test('and their labels exist', () => {
    const labelsOf = new Map<string, readonly string[]>(
      Object.values({ ...counterTable, ...histogramTable, ...gaugeTable }).map((row) => [
        `acc_${row.name}`,
        row.labels,
      ]),
    );
    const selectors = [
      ...everyExpression()
        .join('\n')
        .matchAll(/\b(acc_\w+?)(?:_bucket|_count)?\{([^}]*)\}/g),
    ];
    expect(selectors.length).toBeGreaterThan(20);
    for (const [, metric = '', text = ''] of selectors)
      for (const [, label = ''] of text.matchAll(/(\w+)=/g))
        expect([...(labelsOf.get(metric) ?? []), 'le'], `${metric}{${label}}`).toContain(label);
  });

  test('recorded ones that are named are recorded', () => {
    const recorded = new Set(rules.flatMap((rule) => ('record' in rule ? [rule.record] : [])));
    const named = new Set(
      everyExpression()
        .join('\n')
        .match(/\bacc:[\w:]+/g),
    );
    expect(named.size).toBeGreaterThan(5);
    expect([...named].filter((name) => !recorded.has(name))).toEqual([]);
  });
});

test('every panel of the dashboard asks something, and stands where no other does', () => {
  const { panels, schemaVersion } = createDashboard();
  expect(schemaVersion).toBeGreaterThanOrEqual(36);
  const drawn = panels.filter(({ type }) => type !== 'row');
  expect(drawn.length).toBeGreaterThan(15);
  for (const { title, targets = [] } of drawn) expect(targets.length, title).toBeGreaterThan(0);
  const places = panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`);
  expect(new Set(places).size).toBe(places.length);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
});

test.skipIf(!hasAmtool)(
  'amtool finds no fault in the routes, and each severity has its receiver',
  async () => {
    const file = join(root, 'monitoring/alertmanager/alertmanager.yaml');
    const { exitCode, said } = await run('amtool', 'check-config', file);
    expect(exitCode, said).toBe(0);
    for (const [severity, receiver] of [
      ['page', 'pager'],
      ['ticket', 'tickets'],
      ['watchdog', 'watchdog'],
    ]) {
      const routed = await run(
        'amtool',
        'config',
        'routes',
        'test',
        `--config.file=${file}`,
        `severity=${severity}`,
      );
      expect(routed.said.split('\n')[0]).toBe(receiver);
    }
  },
);

function listRuleFiles(): string[] {
  return readdirSync(join(prometheusDir, 'rules')).map((file) => join(prometheusDir, 'rules', file));
}

function everyExpression(): string[] {
  const drawn = createDashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return [...rules.map(({ expr }) => expr), ...drawn];
}

/** The command lines of a page, as words: `acc stop "why"` → `['stop', 'why']`. */
function listCommands(page: string): string[][] {
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
  return blocks
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.startsWith('acc '))
    .map((line) =>
      [...line.slice(4).matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? ''),
    );
}
