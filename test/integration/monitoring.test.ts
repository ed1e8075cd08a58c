import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findRoot } from '../../local/root.ts';
import { commandTable } from '../../src/cli/command-table.ts';
import { parseCommand } from '../../src/cli/parse-command.ts';
import { type TriggerName, triggerNames } from '../../src/domain/thresholds.ts';
import { judgeTrigger } from '../../src/domain/trigger-rules.ts';
import { counterTable, gaugeTable, histogramTable, type MetricRow } from '../../src/observe/metric-table.ts';
import { listMetricNames } from '../support/list-metric-names.ts';
import { readFromRoot } from '../support/manifests.ts';
import { findMetrics, listMonitoringFiles, listRules, readPanels } from '../support/monitoring-files.ts';
import { isInstalled } from '../support/prometheus.ts';
import { playSegments, readRecordedSeries, recordedAtMs } from '../support/recorded-series.ts';

const hasPromtool = isInstalled('promtool', 'prometheus');
const hasAmtool = isInstalled('amtool', 'prometheus-alertmanager');

const root = findRoot();
const prometheusDir = join(root, 'monitoring/prometheus');
const dir = mkdtempSync(join(tmpdir(), 'acc-monitoring-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const rules = listRules();
const alerts = rules.filter(({ alert }) => alert !== undefined);
const alertNames = new Set(alerts.map(({ alert = '' }) => alert));
const panels = readPanels();
const targets = panels.flatMap((panel) => panel.targets ?? []);
const everyExpression = [...rules, ...targets].map(({ expr }) => expr);
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
    ['depth', '[25s]', '[35s]'],
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
    const rollback = nameRollback(trigger);
    const file = parse(readFromRoot(`monitoring/prometheus/tests/trigger-${trigger}.yaml`)) as TestFile;
    const expected = file.tests.flatMap(({ name, alert_rule_test }) =>
      alert_rule_test.map(({ alertname, exp_alerts }) => ({ name, alertname, fires: exp_alerts.length > 0 })),
    );
    const judged = cases.flatMap(({ name, segments, checks }) =>
      checks.map(({ atSeconds }) => {
        const moment = { atMs: recordedAtMs + 1_000 * atSeconds, sinceMs: 0, samplesMin, depthFloor };
        const { verdict } = judgeTrigger(trigger, playSegments(segments), moment);
        return { name, alertname: rollback, fires: verdict === 'fail' };
      }),
    );
    expect(expected, trigger).toEqual(judged);
    expect(new Set(judged.map(({ fires }) => fires)), trigger).toEqual(new Set([true, false]));
  }
});

/** What a trigger is called as an alert. */
function nameRollback(trigger: TriggerName): string | undefined {
  return alerts.find(({ labels }) => labels?.['trigger'] === trigger)?.alert;
}

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
  test.each([...alertNames])('%s has what a person at night needs', (name) => {
    const page = readFromRoot(`docs/runbooks/${name}.md`);
    expect(page.startsWith(`# ${name}\n`)).toBe(true);
    for (const { labels, annotations } of alerts.filter(({ alert }) => alert === name)) {
      expect(['page', 'ticket', 'watchdog']).toContain(labels?.['severity']);
      expect(labels?.['service']).toBe('auto_com_center');
      expect(annotations?.['summary']?.length).toBeGreaterThan(20);
      expect(annotations?.['runbook_url']).toMatch(new RegExp(`/docs/runbooks/${name}\\.md$`));
    }
    const commands = listCommands(page);
    expect(commands.length).toBeGreaterThan(0);
    for (const words of commands)
      expect(parseCommand(commandTable, words), words.join(' ')).toMatchObject({ kind: 'command' });
  });

  test('is tested, and there is no runbook of an alert that is gone', () => {
    const tested = testFiles.map((file) => readFromRoot(`monitoring/prometheus/tests/${file}`)).join('\n');
    for (const name of alertNames) expect(tested).toMatch(new RegExp(`alertname: ${name}\\b`));
    const pages = readdirSync(join(root, 'docs/runbooks')).filter((file) => file !== 'README.md');
    expect(new Set(pages.map((page) => page.replace('.md', '')))).toEqual(alertNames);
  });

  test('is routed, and silenced by none but those that are there', () => {
    const { route, inhibit_rules, receivers }: Alertmanager = parse(
      readFromRoot('monitoring/alertmanager/alertmanager.yaml'),
    );
    const severities = [...new Set(alerts.map(({ labels }) => labels?.['severity']))];
    expect(route.routes.flatMap(({ matchers }) => matchers).toSorted()).toEqual(
      severities.map((severity) => `severity="${severity}"`).toSorted(),
    );
    const known = receivers.map(({ name }) => name);
    for (const { receiver } of [route, ...route.routes]) expect(known).toContain(receiver);
    const silences = new Map(
      inhibit_rules.map(({ source_matchers, target_matchers }) => [
        source_matchers.flatMap(readNames).join('|'),
        target_matchers.flatMap(readNames),
      ]),
    );
    for (const pattern of [...silences].flat(2))
      expect(
        [...alertNames].some((name) => new RegExp(`^(?:${pattern})$`).test(name)),
        pattern,
      ).toBe(true);
    expect(silences.get('TriggerLatched')).toEqual(triggerNames.map(nameRollback));
  });
});

interface Alertmanager {
  readonly route: {
    readonly receiver: string;
    readonly routes: readonly { readonly receiver: string; readonly matchers: readonly string[] }[];
  };
  readonly inhibit_rules: readonly {
    readonly source_matchers: readonly string[];
    readonly target_matchers: readonly string[];
  }[];
  readonly receivers: readonly { readonly name: string }[];
}

function readNames(matcher: string): readonly string[] {
  return /^alertname=~?"(.*)"$/.exec(matcher)?.[1]?.split('|') ?? [];
}

describe('metrics', () => {
  test.each(listMonitoringFiles())('%s names none that does not exist', (path) => {
    expect(findMetrics(path).filter((name) => !listMetricNames().includes(name))).toEqual([]);
  });

  const labelsOf = new Map<string, readonly string[]>(
    Object.values<MetricRow>({ ...counterTable, ...histogramTable, ...gaugeTable }).map(
      ({ name, labels = [] }) => [`acc_${name}`, labels],
    ),
  );

  test('and their labels exist', () => {
    const selectors = [...everyExpression.join('\n').matchAll(/\b(acc_\w+?)(?:_bucket|_count)?\{([^}]*)\}/g)];
    expect(selectors.length).toBeGreaterThan(20);
    for (const [, metric = '', text = ''] of selectors)
      for (const [, label = ''] of text.matchAll(/(\w+)=/g))
        expect([...(labelsOf.get(metric) ?? []), 'le'], `${metric}{${label}}`).toContain(label);
    for (const expr of everyExpression) {
      const metrics = [...expr.matchAll(/\b(acc_\w+?)(?:_bucket|_count)?\b/g)];
      const known = metrics.flatMap(([, metric = '']) => labelsOf.get(metric) ?? []);
      for (const label of listGroupings(expr)) expect([...known, 'le', 'client'], expr).toContain(label);
    }
  });

  test('a summary or a legend shows none that the expression leaves out', () => {
    const texts = [
      ...alerts.map(({ annotations, expr }) => ({ text: annotations?.['summary'] ?? '', expr })),
      ...targets.map(({ legendFormat, expr }) => ({ text: legendFormat, expr })),
    ];
    for (const { text, expr } of texts)
      for (const [, label = ''] of text.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g))
        expect(listGroupings(expr), text).toContain(label);
  });

  test('recorded ones that are named are recorded', () => {
    const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
    const named = new Set(everyExpression.join('\n').match(/\bacc:[\w:]+/g));
    expect(named.size).toBeGreaterThan(5);
    expect([...named].filter((name) => !recorded.has(name))).toEqual([]);
  });
});

function listGroupings(expr: string): readonly string[] {
  return [...expr.matchAll(/\b(?:by|on) \(([^)]+)\)/g)].flatMap(([, labels = '']) => labels.split(/, ?/));
}

test('every panel of the dashboard asks something, and stands where no other does', () => {
  const drawn = panels.filter(({ type }) => type !== 'row');
  expect(drawn.length).toBeGreaterThan(15);
  for (const { title, targets: asked = [] } of drawn) expect(asked.length, title).toBeGreaterThan(0);
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
