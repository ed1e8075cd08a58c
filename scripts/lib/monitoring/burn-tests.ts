import {
  apiP95TargetMs,
  type BurnAlert,
  type BurnWindow,
  burnAlerts,
  burnWindowsMs,
  type SloName,
  sloTable,
} from '../../../src/domain/thresholds.ts';
import { burnAlertNames } from './burn-alerts.ts';
import { nameMetric, shownByApi } from './promql.ts';
import {
  checkAlert,
  createTestFile,
  type PromtoolFile,
  type PromtoolTest,
  writeSeries,
} from './promtool-test.ts';
import type { RuleGroup } from './rule-group.ts';
import { triggerMetrics } from './trigger-alerts.ts';

const minuteMs = 60_000;
/** Requests, messages, samples between two scrapes, good and bad. */
const perScrape = 1_000;
/** Rarer where the windows are of days, so that they hold fewer scrapes. */
const scrapeMinutes = { quick: 1, slow: 5 } as const;

/** So many bad ones before each of so many scrapes. */
interface Phase {
  readonly bad: number;
  readonly scrapes: number;
}

/** A counter of which a share of the samples is counted: all of them, the bad or the good ones. */
type Counted = 'all' | 'bad' | 'good' | 'none';
type Series = readonly [name: string, labels: Readonly<Record<string, string>>, counts: Counted];

const seconds = nameMetric('guardRequestSeconds');
const [tokens, ended] = [nameMetric('guardTokens'), nameMetric('messagesEnded')];
// There is an API.
const present: Series = [nameMetric(shownByApi.metric), shownByApi.match, 'none'];

/** The counters that each objective is measured by. Up-time has none: it is what Prometheus itself cannot see. */
const countersOf: Readonly<Record<Exclude<SloName, 'uptime'>, readonly Series[]>> = {
  '5xx': [
    [triggerMetrics.failures, {}, 'bad'],
    [triggerMetrics.requests, {}, 'all'],
    [triggerMetrics.outages, {}, 'none'],
    present,
  ],
  p95: [
    [`${seconds}_count`, {}, 'all'],
    [`${seconds}_bucket`, { le: String(apiP95TargetMs / 1_000) }, 'good'],
    present,
  ],
  auth: [
    [tokens, { verdict: 'bad' }, 'bad'],
    [tokens, { verdict: 'good' }, 'good'],
  ],
  'dead-letters': [[ended, { end: 'dead' }, 'bad'], [ended, { end: 'sent' }, 'good'], present],
  depth: [[nameMetric('depthSamplesOver'), {}, 'bad'], [nameMetric('depthSamples'), {}, 'all'], present],
};

const objectives = Object.keys(countersOf) as readonly (keyof typeof countersOf)[];

/**
 * Each burn alert of a file, on every objective: at its rate, over it, recovered, and with too few samples. Days take
 * promtool most of a minute, and differ from hours by their window alone: those are played on one objective.
 */
export function burnTests(subject: 'burn-quick' | 'burn-slow', groups: readonly RuleGroup[]): PromtoolFile {
  const known = new Set(
    groups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))),
  );
  const tests = burnAlerts.flatMap((alert, order) => {
    const name = burnAlertNames[order] ?? '';
    if (!known.has(name)) return [];
    return objectives
      .filter((slo) => slo === '5xx' || alert.long !== '3d')
      .flatMap((slo) => testAlert(groups, { ...alert, name }, slo));
  });
  return createTestFile(subject, groups[0]?.interval ?? '1m', tests);
}

function testAlert(
  groups: readonly RuleGroup[],
  { name, burnTenths, long, short }: BurnAlert & { readonly name: string },
  slo: keyof typeof countersOf,
): readonly PromtoolTest[] {
  const everyMinutes = scrapeMinutes[long === '1h' ? 'quick' : 'slow'];
  const scrapesIn = (window: BurnWindow): number => burnWindowsMs[window] / minuteMs / everyMinutes;
  const [scrapes, shortScrapes] = [scrapesIn(long), scrapesIn(short)];
  const atLine = (perScrape * burnTenths * sloTable[slo].budgetBasisPoints) / 100_000;
  const check = (afterScrapes: number, fires: boolean) =>
    checkAlert(groups, name, { atMs: afterScrapes * everyMinutes * minuteMs, fires, labels: { slo } });
  const write = (
    what: string,
    phases: readonly Phase[],
    checks: PromtoolTest['alert_rule_test'],
  ): PromtoolTest => ({
    name: `${name} of ${slo}: ${what}`,
    interval: `${everyMinutes}m`,
    input_series: countersOf[slo].map(([metric, labels, counts]) =>
      writeSeries(metric, labels, formatCounter(phases, counts)),
    ),
    alert_rule_test: checks,
  });
  return [
    write('silent exactly at its rate', [{ bad: atLine, scrapes }], [check(scrapes, false)]),
    write(
      'fires over its rate, and no more when the short window is good again',
      [
        { bad: atLine + 1, scrapes },
        { bad: 0, scrapes: shortScrapes },
      ],
      [check(scrapes, true), check(scrapes + shortScrapes, false)],
    ),
    {
      ...write('silent with too few samples', [], [check(5, false)]),
      input_series: countersOf[slo].map(([metric, labels, counts]) =>
        writeSeries(metric, labels, counts === 'all' || counts === 'bad' ? '0 49+0x10' : '0+0x11'),
      ),
    },
  ];
}

/** A counter from 0, scrape by scrape, in the notation of promtool. */
function formatCounter(phases: readonly Phase[], counts: Counted): string {
  let value = 0;
  const parts = ['0'];
  for (const { bad, scrapes } of phases) {
    const step = { all: perScrape, bad, good: perScrape - bad, none: 0 }[counts];
    parts.push(`${value + step}+${step}x${scrapes - 1}`);
    value += step * scrapes;
  }
  return parts.join(' ');
}
