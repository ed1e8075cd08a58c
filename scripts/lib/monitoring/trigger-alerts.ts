import { guardSettings } from '../../../src/config/settings/guard.ts';
import {
  apiP95TriggerMs,
  bucketMs,
  type DepthTrigger,
  type ShareFigure,
  type ShareTrigger,
  type TriggerName,
  triggerNames,
  triggerTable,
} from '../../../src/domain/thresholds.ts';
import { createPromql, nameMetric, type Promql, type RuleOptions } from './promql.ts';
import { createAlert, type RecordingRule, type RuleGroup } from './rule-group.ts';

/** What each trigger is called as an alert. */
export const triggerAlerts = {
  '5xx': 'RollbackServerErrors',
  tokens: 'RollbackBadTokens',
  depth: 'RollbackQueueDepth',
  p95: 'RollbackSlowAnswers',
} as const satisfies Readonly<Record<TriggerName, string>>;

const samplesMin = {
  '5xx': Number(guardSettings.GUARD_MIN_REQUESTS.default),
  tokens: Number(guardSettings.GUARD_MIN_TOKENS.default),
  p95: Number(guardSettings.GUARD_MIN_REQUESTS.default),
};
const p95Record = 'acc:api_p95_seconds';

/**
 * The four rollback triggers as Prometheus judges them, from the same table as the guard. On series that are sampled
 * where the guard's buckets end, both come to the same verdict (test/integration/monitoring.test.ts). What is not
 * mirrored: a release by a person, after which the guard forgets what was before.
 */
export function createTriggerGroup(options: RuleOptions): RuleGroup {
  const promql = createPromql(options);
  const rules = triggerNames.map((name) => {
    const rule: ShareTrigger | DepthTrigger = triggerTable[name];
    const text = {
      name: triggerAlerts[name],
      severity: 'page',
      summary: `${rule.says}: the guard does ${rule.actions.join(' and ')}`,
      labels: { trigger: name },
    } as const;
    return rule.kind === 'depth'
      ? createAlert(text, writeDepth(promql, rule), promql.span(rule.spanMs))
      : createAlert(text, writeShare(promql, rule, name === 'depth' ? 0 : samplesMin[name]));
  });
  return {
    name: 'acc-rollback-triggers',
    interval: promql.span(bucketMs),
    rules: [recordP95(promql), ...rules],
  };
}

function writeShare(promql: Promql, rule: ShareTrigger, min: number): string {
  if (rule.figure === 'requests-over-300-ms') return writeP95(promql, rule, min);
  const [bad, total] = tallies[rule.figure];
  const grow = (figure: string) => promql.grow('guardFigures', { figure }, rule.windowMs);
  // A difference of whole numbers: half a step to either side of the line, so that no rounding decides on it.
  const line = rule.comparison === 'at-least' ? '> -0.5' : '> 0.5';
  return [
    `10000 * ${grow(bad)} - ${rule.basisPoints} * ${grow(total)} ${line}`,
    `and ${grow(total)} > ${min - 0.5}`,
  ].join('\n');
}

const tallies: Readonly<Record<Exclude<ShareFigure, 'requests-over-300-ms'>, readonly [string, string]>> = {
  'requests-failed': ['errors', 'requests'],
  'tokens-bad': ['tokens-bad', '=~tokens-(bad|good)'],
};

/** The p95 of each window. `>= 0` takes out NaN: a window without a request has no p95. */
function recordP95(promql: Promql): RecordingRule {
  const buckets = promql.select('guardRequestSeconds', {}, '_bucket');
  const window = promql.span(triggerTable.p95.windowMs);
  return {
    record: p95Record,
    expr: `histogram_quantile(0.95, sum by (le) (increase(${buckets}[${window}]))) >= 0`,
  };
}

/** Every window that lies wholly inside the span is over the line, and none is unknown. */
function writeP95(promql: Promql, rule: ShareTrigger, min: number): string {
  const stepMs = promql.squeeze(bucketMs);
  const betweenMs = promql.squeeze(rule.spanMs) - promql.squeeze(rule.windowMs);
  const windows = betweenMs / stepMs + 1;
  // Half a step longer, so that it makes no difference whether a range holds its left edge.
  const range = `${p95Record}[${betweenMs + stepMs / 2}ms]`;
  return [
    `min_over_time(${range}) > ${edgeSeconds}`,
    `and count_over_time(${range}) > ${windows - 0.5}`,
    `and ${promql.grow('guardRequestSeconds', {}, rule.spanMs, '_count')} > ${min - 0.5}`,
  ].join('\n');
}

/** An edge of the histogram, so that the p95 is over it exactly when more than five per cent took longer. */
const edgeSeconds = apiP95TriggerMs / 1_000;

/** Samples up to `gapMsMax` apart are one run: a value is good until just before that. */
function writeDepth(promql: Promql, rule: DepthTrigger): string {
  const reach = `${(rule.gapMsMax / bucketMs - 0.5) * promql.squeeze(bucketMs)}ms`;
  const last = (key: 'queueBacklog' | 'queueBaseline' | 'queueHeldBack') =>
    `max(last_over_time(${promql.select(key)}[${reach}]))`;
  return [
    `${last('queueBacklog')} > ${rule.timesBaseline} * ${last('queueBaseline')}`,
    `unless ${last('queueHeldBack')} > 0`,
  ].join('\n');
}

/** Names of what the triggers are judged by, for tests that write such series. */
export const triggerMetrics = {
  figures: nameMetric('guardFigures'),
  latencies: nameMetric('guardRequestSeconds'),
  backlog: nameMetric('queueBacklog'),
  heldBack: nameMetric('queueHeldBack'),
  baseline: nameMetric('queueBaseline'),
} as const;
