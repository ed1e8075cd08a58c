import {
  apiP95TargetMs,
  apiP95TriggerMs,
  burnAlerts,
  sloNames,
  sloTable,
  triggerTable,
} from '../../../src/domain/thresholds.ts';
import { badRecord, totalRecord } from './burn-alerts.ts';
import { createPromql } from './promql.ts';

interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly unit?: 'short' | 's' | 'percentunit' | 'reqps' | 'bool_yes_no';
  readonly type?: 'timeseries' | 'stat';
  /** Lines to look at, in the panel's unit. */
  readonly lines?: readonly number[];
  readonly queries: readonly Query[];
}

const { select } = createPromql({});
const rate = (series: string, by: string) => `sum by (${by}) (rate(${series}[$__rate_interval]))`;
const quantile = (share: number, buckets: string) =>
  `histogram_quantile(${share}, sum by (le) (rate(${buckets}[$__rate_interval])))`;
const query = (expr: string, legend: string): Query => ({ expr, legend });

const rows: Readonly<Record<string, readonly Panel[]>> = {
  'May anything leave?': [
    {
      title: 'Stop and pause',
      type: 'stat',
      unit: 'bool_yes_no',
      queries: [
        query(`max(${select('sending')})`, 'sending'),
        query(`max(${select('dryRun')})`, 'dry run'),
        query(`max(${select('ingestionPaused')})`, 'intake paused'),
        query(`max(${select('consumersPaused')})`, 'consumers paused'),
        query(`min(${select('storeWritable')})`, 'store takes writes'),
        query(`min(${select('storeDurable')})`, 'store durable'),
      ],
    },
    {
      title: 'Triggers: verdict and latch',
      type: 'stat',
      queries: [
        query(`max by (trigger, verdict) (${select('triggerVerdict')}) == 1`, '{{trigger}}: {{verdict}}'),
        query(`max by (trigger) (${select('triggerLatched')}) == 1`, '{{trigger}}: LATCHED'),
      ],
    },
    {
      title: 'Proof of life: age',
      unit: 's',
      queries: [query(`max(${select('proofOfLifeAge')})`, 'since the last one came back')],
    },
    {
      title: 'Stop time',
      description: 'From the request of a stop to its confirmation.',
      unit: 's',
      queries: [
        query(quantile(0.5, select('stopSeconds', {}, '_bucket')), 'p50'),
        query(quantile(0.99, select('stopSeconds', {}, '_bucket')), 'p99'),
      ],
    },
  ],
  Intake: [
    {
      title: 'Events accepted, by type',
      unit: 'reqps',
      queries: [query(rate(select('eventsAccepted'), 'type'), '{{type}}')],
    },
    {
      title: 'API answers, by status',
      unit: 'reqps',
      queries: [query(rate(select('requests', { route: '=~/api/.*' }), 'status'), '{{status}}')],
    },
    {
      title: 'API p95',
      unit: 's',
      lines: [apiP95TargetMs / 1_000, apiP95TriggerMs / 1_000],
      queries: [query(quantile(0.95, select('guardRequestSeconds', {}, '_bucket')), 'p95')],
    },
    {
      title: 'Tokens',
      unit: 'reqps',
      queries: [
        query(rate(select('tokenFailures'), 'reason'), 'bad: {{reason}}'),
        query(`sum(rate(${select('keysUnavailable')}[$__rate_interval]))`, 'could not be judged'),
        query(`sum(rate(${select('tokensVerified')}[$__rate_interval]))`, 'good'),
      ],
    },
  ],
  'Who calls, and what no trigger judges': [
    {
      title: 'Left out of triggers and objectives',
      description: 'Strangers, tokens that nobody could judge, refusals by decision, peers that left.',
      unit: 'reqps',
      queries: [query(rate(select('guardLeftOut'), 'why'), '{{why}}')],
    },
    {
      title: '5xx of ours, by client',
      unit: 'reqps',
      queries: [
        query(rate(select('guardClientFailures'), 'client'), '{{client}}'),
        query(`sum(rate(${select('guardOutages')}[$__rate_interval]))`, 'the store was away'),
      ],
    },
    {
      title: 'Tokens as the trigger judges them',
      unit: 'reqps',
      queries: [query(rate(select('guardTokens'), 'verdict'), '{{verdict}}')],
    },
    {
      title: 'Connections closed beyond a bound',
      unit: 'reqps',
      queries: [query(rate(select('connectionsClosed'), 'why'), '{{why}}')],
    },
  ],
  'Depth and age': [
    {
      title: 'Queue depth',
      queries: [query(`max by (queue, state) (${select('queueDepth')})`, '{{queue}} {{state}}')],
    },
    {
      title: 'Backlog and the line of its trigger',
      queries: [
        query(`max(${select('queueBacklog')})`, 'backlog'),
        query(`max(${select('queueBacklogJudged')})`, 'as judged: without one client'),
        query(`${triggerTable.depth.timesBaseline} * max(${select('queueBaseline')})`, 'line'),
      ],
    },
    {
      title: 'Oldest job',
      unit: 's',
      queries: [query(`max by (queue) (${select('queueOldestAge')})`, '{{queue}}')],
    },
    {
      title: 'Quarantine',
      queries: [query(`max(${select('quarantineEvents')})`, 'events')],
    },
  ],
  Outcomes: [
    {
      title: 'Attempts, by provider and outcome',
      unit: 'reqps',
      queries: [query(rate(select('attempts'), 'provider, outcome'), '{{provider}} {{outcome}}')],
    },
    {
      title: 'Attempt time',
      unit: 's',
      queries: [query(quantile(0.95, select('attemptSeconds', {}, '_bucket')), 'p95')],
    },
    {
      title: 'On hold, by reason',
      queries: [query(`max by (reason) (${select('messagesHeld')}) > 0`, '{{reason}}')],
    },
    {
      title: 'For a person to deal with',
      queries: [
        query(`max(${select('deadLettersKept')})`, 'dead letters'),
        query(`max(${select('messages', { state: 'unknown' })})`, 'unknown outcomes'),
        query(`max(${select('messages', { state: 'held' })})`, 'held'),
      ],
    },
  ],
  Objectives: [
    {
      title: 'Error budget left',
      unit: 'percentunit',
      lines: [0],
      queries: [query(`max by (slo) (${select('sloBudget')})`, '{{slo}}')],
    },
    ...burnAlerts.map(
      ({ long }): Panel => ({
        title: `Burn rate over ${long}`,
        description: '1 spends the budget of 30 days in 30 days.',
        lines: [1],
        queries: sloNames.map((slo) =>
          query(
            `10000 * ${badRecord(long)}{slo="${slo}"} / (${sloTable[slo].budgetBasisPoints} * (${totalRecord(long)}{slo="${slo}"} > 0))`,
            slo,
          ),
        ),
      }),
    ),
  ],
};

export interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

/** The dashboard as Grafana imports it: a row a question, four panels a row. */
export function createDashboard(): Dashboard {
  let id = 0;
  const panels = Object.entries(rows).flatMap(([title, row], order) => {
    const top = order * 9;
    const head = {
      id: (id += 1),
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y: top, w: 24, h: 1 },
      panels: [],
    };
    const placed = row.map((panel, column) => ({
      id: (id += 1),
      ...writePanel(panel),
      gridPos: { x: column * 6, y: top + 1, w: 6, h: 8 },
    }));
    return [head, ...placed];
  });
  const dashboard = {
    uid: 'auto-com-center',
    title: 'auto_com_center',
    tags: ['auto_com_center'],
    schemaVersion: 39,
    version: 1,
    editable: false,
    timezone: 'utc',
    refresh: '10s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }],
    },
    annotations: { list: [] },
    panels,
  };
  return dashboard;
}

function writePanel({ title, description, unit = 'short', type = 'timeseries', lines = [], queries }: Panel) {
  const datasource = { type: 'prometheus', uid: '${datasource}' };
  return {
    type,
    title,
    ...(description === undefined ? {} : { description }),
    datasource,
    fieldConfig: {
      defaults: {
        unit,
        ...(lines.length === 0 ? {} : { custom: { thresholdsStyle: { mode: 'line' } } }),
        thresholds: { mode: 'absolute', steps: writeSteps(lines) },
      },
      overrides: [],
    },
    options: type === 'stat' ? { textMode: 'value_and_name', colorMode: 'none' } : {},
    targets: queries.map(({ expr, legend }, order) => ({
      refId: 'ABCDEF'[order] ?? 'Z',
      datasource,
      expr,
      legendFormat: legend,
    })),
  };
}

function writeSteps(lines: readonly number[]): readonly object[] {
  const colors = ['orange', 'red'];
  return [
    { color: 'green', value: null },
    ...lines.map((value, order) => ({ color: colors[order] ?? 'red', value })),
  ];
}
