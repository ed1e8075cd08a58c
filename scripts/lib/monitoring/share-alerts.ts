import {
  apiP95TriggerMs,
  bucketMs,
  type ShareFigure,
  type ShareTrigger,
  type TriggerName,
  triggerTable,
} from '../../../src/domain/thresholds.ts';
import { formatLabels, type Labels, type MetricKey, type Promql } from './promql.ts';
import { type AlertRule, type AlertText, createAlert, type RecordingRule } from './rule-group.ts';

/** What a share is judged by: no client counts for more than the rule allows. Of all, and the part of each client. */
const badRecord = 'acc:trigger_bad';
const totalRecord = 'acc:trigger_total';
const clientBadRecord = 'acc:trigger_client_bad';
const clientTotalRecord = 'acc:trigger_client_total';
/** Of each client that is shut out: how often it has tried. */
const shutOutRecord = 'acc:trigger_client_shut_out';
/** How far the newest window is over the line; absent while one client alone brings it there. */
const p95MarginRecord = 'acc:trigger_p95_margin';
const p95Record = 'acc:api_p95_seconds';

export interface ShareAlert {
  readonly rule: ShareTrigger;
  readonly name: TriggerName;
  readonly text: AlertText;
  readonly samplesMin: number;
}

/** What a share is judged by, recorded, and the alert on it. */
export function writeShare(promql: Promql, alert: ShareAlert): readonly (RecordingRule | AlertRule)[] {
  const { rule, name, text, samplesMin } = alert;
  const sources = listSources(promql, rule.figure);
  const records = recordWeights(promql, rule, name);
  if (rule.windowMs !== rule.spanMs) {
    const margin: RecordingRule = { record: p95MarginRecord, expr: writeOver(promql, alert) };
    return [...records, margin, createAlert(text, writeEveryWindow(promql, alert, sources))];
  }
  const hasEnough = `and on () ${sources.samples(rule.spanMs)} > ${samplesMin - 0.5}`;
  return [...records, createAlert(text, `${writeOver(promql, alert)}\n${hasEnough}`)];
}

/** Where the figures of a share are: of all, and by client. */
interface Sources {
  readonly bad: (ms: number) => string;
  readonly total: (ms: number) => string;
  readonly samples: (ms: number) => string;
  readonly clientBad: (ms: number) => string;
  readonly clientTotal: (ms: number) => string;
  readonly clientSamples: (ms: number) => string;
}

function listSources(promql: Promql, figure: ShareFigure): Sources {
  const sum =
    (key: MetricKey, labels: Labels = {}) =>
    (ms: number) =>
      promql.grow(key, labels, ms);
  const byClient =
    (key: MetricKey, labels: Labels = {}) =>
    (ms: number) =>
      promql.growBy('client', key, labels, ms);
  switch (figure) {
    case 'requests-failed':
      return {
        bad: sum('guardFailures'),
        total: sum('guardRequests'),
        samples: sum('guardRequests'),
        clientBad: byClient('guardClientFailures'),
        clientTotal: byClient('guardClientRequests'),
        clientSamples: byClient('guardClientRequests'),
      };
    case 'tokens-bad':
      return {
        bad: sum('guardTokens', { verdict: 'bad' }),
        total: sum('guardTokens', { verdict: '=~good|bad' }),
        samples: sum('guardTokens', { verdict: '=~good|bad|repeated' }),
        clientBad: byClient('guardClientTokens', { verdict: 'bad' }),
        clientTotal: byClient('guardClientTokens', { verdict: '=~good|bad' }),
        clientSamples: byClient('guardClientTokens', { verdict: '=~good|bad|repeated' }),
      };
    case 'requests-over-300-ms': {
      const timed = (ms: number) => promql.grow('guardRequestSeconds', {}, ms, '_count');
      const within = (ms: number) =>
        promql.grow('guardRequestSeconds', { le: String(edgeSeconds) }, ms, '_bucket');
      return {
        bad: (ms) => `(${timed(ms)} - ${within(ms)})`,
        total: timed,
        samples: timed,
        clientBad: byClient('guardClientTimings', { pace: 'over' }),
        clientTotal: byClient('guardClientTimings'),
        clientSamples: byClient('guardClientTimings'),
      };
    }
    default:
      return figure satisfies never;
  }
}

function sumOr0(series: string): string {
  return `(sum(${series}) or vector(0))`;
}

/** Each client in the proportion of its own good and bad ones; what has no client (operators) as it is counted. */
function recordWeights(promql: Promql, rule: ShareTrigger, trigger: TriggerName): readonly RecordingRule[] {
  const { windowMs, clientSamplesMax, shutOutMs } = rule;
  const sources = listSources(promql, rule.figure);
  const own = formatLabels({ trigger });
  const shutOut = `${shutOutRecord}${own}`;
  const total = sources.clientTotal(windowMs);
  const weight = `clamp_max(${sources.clientSamples(windowMs)}, ${clientSamplesMax})`;
  const replace = (whole: string, parts: string, weighed: string) =>
    `${whole}\n- ${sumOr0(parts)}\n+ ${sumOr0(`${weighed}${own}`)}`;
  const share = `${weight}\n* ${sources.clientBad(windowMs)}\n/ (${total} > 0)`;
  const bad =
    shutOutMs === undefined
      ? share
      : `${share}\nunless on (client) ${shutOut}\nor on (client) (${weight} and on (client) ${shutOut})`;
  const counts = shutOutMs === undefined ? `${total} > 0` : `(${total} > 0) or on (client) ${shutOut}`;
  return [
    ...(shutOutMs === undefined ? [] : [recordShutOut(sources, shutOutMs, trigger)]),
    { record: clientBadRecord, expr: bad, labels: { trigger } },
    { record: clientTotalRecord, expr: `${weight}\nand on (client) (${counts})`, labels: { trigger } },
    {
      record: badRecord,
      expr: replace(sources.bad(windowMs), sources.clientBad(windowMs), clientBadRecord),
      labels: { trigger },
    },
    {
      record: totalRecord,
      expr: replace(sources.total(windowMs), total, clientTotalRecord),
      labels: { trigger },
    },
  ];
}

/** Clients that have tried for a while without one good sample. */
function recordShutOut(sources: Sources, ms: number, trigger: TriggerName): RecordingRule {
  const good = `${sources.clientTotal(ms)} - ${sources.clientBad(ms)}`;
  return {
    record: shutOutRecord,
    expr: `${sources.clientSamples(ms)} > 0.5\nunless ${good} > 0.5`,
    labels: { trigger },
  };
}

/** On or over the line, and without any one client too: the same comparisons as `domain/share-rules.ts`. */
function writeOver(promql: Promql, { rule, name, samplesMin }: ShareAlert): string {
  const own = formatLabels({ trigger: name });
  const edge = rule.comparison === 'at-least' ? '-0.5' : '0.5';
  const [bad, total, clientBad, clientTotal] = [
    badRecord,
    totalRecord,
    clientBadRecord,
    clientTotalRecord,
  ].map((record) => `${record}${own}`);
  const sources = listSources(promql, rule.figure);
  const rest = `10000 * (scalar(${bad}) - ${clientBad}) - ${rule.basisPoints} * (scalar(${total}) - ${clientTotal}) <= ${edge}`;
  const restSamples = `scalar(${sources.samples(rule.windowMs)}) - ${sources.clientSamples(rule.windowMs)}`;
  const alone =
    rule.othersMin === 'some'
      ? [rest, `and scalar(sum(${clientTotal})) - ${clientTotal} > 0`]
      : [`(${rest} or ${restSamples} < ${samplesMin - 0.5})`];
  return [
    `10000 * ${bad} - ${rule.basisPoints} * ${total} > ${edge}`,
    // Not 0: what clients bring is taken away and put back, and floats leave crumbs.
    `and ${bad} > 0.001`,
    'unless on () (',
    ...[...alone, `and on (client) ${clientBad} > 0.001`].map((line) => `  ${line}`),
    ')',
  ].join('\n');
}

/** The p95 of each window, for people. `>= 0` takes out NaN: a window without a request has no p95. */
export function recordP95(promql: Promql): RecordingRule {
  const buckets = promql.select('guardRequestSeconds', {}, '_bucket');
  const window = promql.span(triggerTable.p95.windowMs);
  return {
    record: p95Record,
    expr: `histogram_quantile(0.95, sum by (le) (increase(${buckets}[${window}]))) >= 0`,
  };
}

/** Every window that lies wholly inside the span is over the line, and none is unknown. */
function writeEveryWindow(promql: Promql, { rule, samplesMin }: ShareAlert, sources: Sources): string {
  const stepMs = promql.squeeze(bucketMs);
  const betweenMs = promql.squeeze(rule.spanMs) - promql.squeeze(rule.windowMs);
  const windows = betweenMs / stepMs + 1;
  // Half a step longer, so that it makes no difference whether a range holds its left edge.
  const range = `${p95MarginRecord}[${betweenMs + stepMs / 2}ms]`;
  return [
    `count_over_time(${range}) > ${windows - 0.5}`,
    `and on () ${sources.samples(rule.spanMs)} > ${samplesMin - 0.5}`,
  ].join('\n');
}

/** An edge of the histogram, so that the p95 is over it exactly when more than five per cent took longer. */
const edgeSeconds = apiP95TriggerMs / 1_000;
