import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import { settings } from '../../src/config/settings.ts';
import { proofIntervalsMax } from '../../src/domain/proof-of-life.ts';
import {
  apiP95TargetMs,
  apiP95TriggerMs,
  type BurnWindow,
  bucketMs,
  burnAlerts,
  burnSamplesMin,
  burnWindowsMs,
  type ShareTrigger,
  sloNames,
  sloTable,
  triggerNames,
  triggerTable,
} from '../../src/domain/thresholds.ts';
import { listRules, parseSpan, type Rule, readPanels, readRuleFiles } from '../support/monitoring-files.ts';

// What stands in monitoring/ is kept by hand. Here its figures are held against those that the service is judged by.
const rules = listRules();
const panels = readPanels();

/** The rules about an objective or a trigger, by their label or by what they ask. */
function findRules(label: 'slo' | 'trigger', value: string): ReturnType<typeof listRules> {
  return rules.filter(
    ({ labels, expr }) => labels?.[label] === value || expr.includes(`{${label}="${value}"}`),
  );
}

/** What a pattern catches in all of these rules, each once. */
function catchAll(own: readonly Rule[], pattern: RegExp): readonly string[] {
  const text = own.map(({ expr }) => expr).join('\n');
  return [...new Set([...text.matchAll(pattern)].map(([whole, caught]) => caught ?? whole))].toSorted();
}

const inSeconds = (ms: number) => String(ms / 1_000);

describe('objectives', () => {
  const burnNames = ['BudgetBurnsFast', 'BudgetBurnsSteadily', 'BudgetBurnsSlowly'];

  test.each(sloNames)('%s: each burn alert has the rate, the windows and the budget of the code', (slo) => {
    const { budgetBasisPoints, target } = sloTable[slo];
    const expected = burnAlerts.map(({ severity, burnTenths, long, short }, order) => {
      const isFaster = (window: BurnWindow) =>
        `100000 * acc:slo_bad:${window}{slo="${slo}"} > ${burnTenths * budgetBasisPoints} * acc:slo_total:${window}{slo="${slo}"}`;
      return {
        alert: burnNames[order],
        severity,
        for: undefined,
        expr: `${isFaster(long)}\nand ${isFaster(short)}\nand acc:slo_total:${long}{slo="${slo}"} > ${burnSamplesMin - 0.5}`,
        summary: `The error budget of ${slo} (${target}) burns over ${burnTenths / 10} times too fast, for ${long} and still for ${short}`,
      };
    });
    const own = findRules('slo', slo).filter(({ alert }) => alert !== undefined);
    const found = own.map(({ alert, for: span, expr, labels, annotations }) => ({
      alert,
      severity: labels?.['severity'],
      for: span,
      expr,
      summary: annotations?.['summary'],
    }));
    expect(found).toEqual(expected);
  });

  test.each(sloNames)('%s: bad and total are counted alike in each window', (slo) => {
    const recorded = findRules('slo', slo).filter(({ record }) => record !== undefined);
    const shapes = new Set<string>();
    for (const { record = '', expr } of recorded) {
      const [, kind, window] = record.split(':');
      for (const [, span = ''] of expr.matchAll(/\[(\w+)\]/g))
        expect(parseSpan(span), record).toBe(burnWindowsMs[window as BurnWindow]);
      shapes.add(`${kind}: ${expr.replaceAll(/\[\w+\]/g, '')}`);
    }
    expect(shapes.size).toBe(2);
    const names = Object.keys(burnWindowsMs).flatMap((it) => [`acc:slo_bad:${it}`, `acc:slo_total:${it}`]);
    expect(new Set(recorded.map(({ record }) => record))).toEqual(new Set(names));
  });

  test('the target of the p95 is the edge that requests are counted by', () => {
    expect(catchAll(findRules('slo', 'p95'), /le="([^"]+)"/g)).toEqual([inSeconds(apiP95TargetMs)]);
  });

  test('no rule is about an objective or a trigger that the code does not know', () => {
    const named = (label: string) => new Set(rules.flatMap(({ labels }) => labels?.[label] ?? []));
    expect(named('slo')).toEqual(new Set(sloNames));
    expect(named('trigger')).toEqual(new Set(triggerNames));
  });

  test('the dashboard shows each burn rate by the budget of the code, and the lines of the p95', () => {
    for (const { long } of burnAlerts) {
      const panel = panels.find(({ title }) => title === `Burn rate over ${long}`);
      expect(panel?.targets?.map(({ expr }) => expr)).toEqual(
        sloNames.map(
          (slo) =>
            `10000 * acc:slo_bad:${long}{slo="${slo}"} / (${sloTable[slo].budgetBasisPoints} * (acc:slo_total:${long}{slo="${slo}"} > 0))`,
        ),
      );
    }
    const steps = panels.find(({ title }) => title === 'API p95')?.fieldConfig?.defaults.thresholds.steps;
    expect(steps?.map(({ value }) => value)).toEqual([null, apiP95TargetMs / 1_000, apiP95TriggerMs / 1_000]);
    const { timesBaseline } = triggerTable.depth;
    const asked = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(asked).toContain(`${timesBaseline} * max(acc_queue_depth_baseline)`);
  });
});

describe('triggers', () => {
  const samplesMin = {
    '5xx': settings.GUARD_MIN_REQUESTS.default,
    tokens: settings.GUARD_MIN_TOKENS.default,
    p95: settings.GUARD_MIN_REQUESTS.default,
  };

  test.each(triggerNames)('%s has one alert, a page that says what the guard does', (trigger) => {
    const own = findRules('trigger', trigger).filter(({ alert }) => alert !== undefined);
    const { says, actions } = triggerTable[trigger];
    expect(own.map(({ annotations }) => annotations?.['summary'])).toEqual([
      `${says}: the guard does ${actions.join(' and ')}`,
    ]);
    expect(new Set(findRules('trigger', trigger).map(({ interval }) => parseSpan(interval)))).toEqual(
      new Set([bucketMs]),
    );
  });

  test.each(['5xx', 'tokens', 'p95'] as const)(
    '%s: line, windows and samples are those of the code',
    (trigger) => {
      const rule: ShareTrigger = triggerTable[trigger];
      const own = findRules('trigger', trigger);
      const enough = Number(samplesMin[trigger]) - 0.5;
      const edge = rule.comparison === 'at-least' ? -0.5 : 0.5;
      const stepsBetween = (rule.spanMs - rule.windowMs) / bucketMs;
      const spans = catchAll(own, /(?<!margin)\[(\w+)\]/g).map(parseSpan);
      expect({
        basisPoints: catchAll(own, /- (\d+) \* \(?(?:scalar\()?acc:trigger_total/g),
        edges: catchAll(own, /\* \(?(?:scalar\()?acc:trigger_total.*?((?:>|<=) [-\d.]+)/g),
        clientSamplesMax: catchAll(own, /, (\d+)\)/g),
        samples: catchAll(own, /^and on \(\) .* > ([\d.]+)$/gm),
        othersSamples: catchAll(own, / < ([\d.]+)\)/g),
        othersMin: catchAll(own, /and scalar\(sum\(acc:trigger_client_total.*> (0)$/gm),
        spans: [...new Set(spans)].toSorted((a, b) => a - b),
        countedSpan: catchAll(own, /p95_margin\[(\w+)\]/g).map(parseSpan),
        counted: catchAll(own, /p95_margin\[\w+\]\) > ([\d.]+)/g),
      }).toEqual({
        basisPoints: [String(rule.basisPoints)],
        edges: [`<= ${edge}`, `> ${edge}`],
        clientSamplesMax: [String(rule.clientSamplesMax)],
        samples: [String(enough)],
        othersSamples: rule.othersMin === 'enough' ? [String(enough)] : [],
        othersMin: rule.othersMin === 'some' ? ['0'] : [],
        spans: [...new Set([rule.windowMs, rule.spanMs, rule.shutOutMs ?? rule.windowMs])].toSorted(
          (a, b) => a - b,
        ),
        // Half a step longer, so that it makes no difference whether a range holds its left edge.
        countedSpan: stepsBetween === 0 ? [] : [(stepsBetween + 0.5) * bucketMs],
        counted: stepsBetween === 0 ? [] : [String(stepsBetween + 0.5)],
      });
    },
  );

  test('the line of the p95 is the edge that requests are counted by', () => {
    expect(catchAll(findRules('trigger', 'p95'), /le="([^"]+)"/g)).toEqual([inSeconds(apiP95TriggerMs)]);
    const [shown] = rules.filter(({ record }) => record === 'acc:api_p95_seconds');
    expect(parseSpan(/\[(\w+)\]/.exec(shown?.expr ?? '')?.[1] ?? '')).toBe(triggerTable.p95.windowMs);
  });

  test('depth: line, span and gap are those of the code', () => {
    const { timesBaseline, spanMs, gapMsMax } = triggerTable.depth;
    const own = findRules('trigger', 'depth');
    expect(own.map((rule) => parseSpan(rule.for ?? ''))).toEqual([spanMs]);
    expect(catchAll(own, /> (\d+) \* max/g)).toEqual([String(timesBaseline)]);
    expect(catchAll(own, /\[(\w+)\]/g).map(parseSpan)).toEqual([gapMsMax - bucketMs / 2]);
  });
});

test('a proof of life is too old when the service itself says so', () => {
  const [rule] = rules.filter(({ alert }) => alert === 'ProofOfLifeOld');
  const line = proofIntervalsMax * Number(settings.PROOF_OF_LIFE_SECONDS.default);
  expect(rule?.expr).toContain(`max(acc_proof_of_life_age_seconds) > ${line}\n`);
});

test('the Prometheus operator gets the same rules, for the namespace of production alone', async () => {
  const groups = Object.values(readRuleFiles()).map((text) =>
    text
      .replace(/^[\s\S]*?^groups:\n/m, '')
      .replaceAll(/\b(acc_\w+)(?:\{([^}]*)\})?/g, (_, metric: string, labels?: string) => {
        const own = 'namespace="acc-production"';
        return `${metric}{${labels === undefined ? own : `${labels},${own}`}}`;
      })
      .replaceAll(/^(?=.)/gm, '  '),
  );
  await expect(`${operatorHead}${groups.join('')}`).toMatchFileSnapshot(
    join(findRoot(), 'k8s/overlays/production/prometheus-rule.yaml'),
  );
});

/** The file is not edited: `npx vitest run -u --project regression test/regression/monitoring.test.ts` copies anew. */
const operatorHead = `# A copy of monitoring/prometheus/rules/ with the namespace in every selector. Do not edit it, copy anew:
# npx vitest run -u --project regression test/regression/monitoring.test.ts
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: auto-com-center
  labels:
    app.kubernetes.io/name: auto-com-center
spec:
  groups:
`;
