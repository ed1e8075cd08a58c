import { guardSettings } from '../../../src/config/settings/guard.ts';
import {
  bucketMs,
  type DepthTrigger,
  type TriggerName,
  triggerTable,
} from '../../../src/domain/thresholds.ts';
import { createPromql, nameMetric, type Promql, type RuleOptions } from './promql.ts';
import { type AlertText, createAlert, type RuleGroup } from './rule-group.ts';
import { recordP95, writeShare } from './share-alerts.ts';

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
/**
 * The rollback triggers on shares as Prometheus judges them, from the same table as the guard. On series that are sampled
 * where the guard's buckets end, both come to the same verdict (test/integration/monitoring.test.ts). What is not
 * mirrored: a release by a person, after which the guard forgets what was before.
 */
export function createTriggerGroup(options: RuleOptions): RuleGroup {
  const promql = createPromql(options);
  const rules = (['5xx', 'tokens', 'p95'] as const).flatMap((name) =>
    writeShare(promql, {
      rule: triggerTable[name],
      name,
      text: describeAlert(name),
      samplesMin: samplesMin[name],
    }),
  );
  return {
    name: 'acc-rollback-triggers',
    interval: promql.span(bucketMs),
    rules: [recordP95(promql), ...rules],
  };
}

/** The trigger on the depth, likewise. */
export function createDepthGroup(options: RuleOptions): RuleGroup {
  const promql = createPromql(options);
  const rule = triggerTable.depth;
  return {
    name: 'acc-rollback-depth',
    interval: promql.span(bucketMs),
    rules: [createAlert(describeAlert('depth'), writeDepth(promql, rule), promql.span(rule.spanMs))],
  };
}

function describeAlert(name: TriggerName): AlertText {
  const { says, actions } = triggerTable[name];
  return {
    name: triggerAlerts[name],
    severity: 'page',
    summary: `${says}: the guard does ${actions.join(' and ')}`,
    labels: { trigger: name },
  };
}

/** Samples up to `gapMsMax` apart are one run: a value is good until just before that. */
function writeDepth(promql: Promql, rule: DepthTrigger): string {
  const reach = `${(rule.gapMsMax / bucketMs - 0.5) * promql.squeeze(bucketMs)}ms`;
  const last = (key: 'queueBacklogJudged' | 'queueBaseline' | 'queueHeldBack') =>
    `max(last_over_time(${promql.select(key)}[${reach}]))`;
  return [
    `${last('queueBacklogJudged')} > ${rule.timesBaseline} * ${last('queueBaseline')}`,
    `unless ${last('queueHeldBack')} > 0`,
  ].join('\n');
}

/** Names of what the triggers are judged by, for tests that write such series. */
export const triggerMetrics = {
  requests: nameMetric('guardRequests'),
  failures: nameMetric('guardFailures'),
  outages: nameMetric('guardOutages'),
  leftOut: nameMetric('guardLeftOut'),
  tokens: nameMetric('guardTokens'),
  clientRequests: nameMetric('guardClientRequests'),
  clientFailures: nameMetric('guardClientFailures'),
  clientTimings: nameMetric('guardClientTimings'),
  clientTokens: nameMetric('guardClientTokens'),
  latencies: nameMetric('guardRequestSeconds'),
  backlog: nameMetric('queueBacklogJudged'),
  heldBack: nameMetric('queueHeldBack'),
  baseline: nameMetric('queueBaseline'),
} as const;
