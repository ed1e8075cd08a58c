import { followDepth } from '../../../src/domain/depth-rules.ts';
import {
  type Bucket,
  cutClient,
  type FigureName,
  latencyBins,
  listClients,
  sumFigure,
} from '../../../src/domain/figures.ts';
import { apiP95TriggerMs, bucketMs, latencyEdgesMs, triggerTable } from '../../../src/domain/thresholds.ts';
import {
  playSegments,
  type RecordedCase,
  type RecordedSeries,
  readRecordedSeries,
  recordedAtMs,
} from '../../../test/support/recorded-series.ts';
import { formatSpan } from './promql.ts';
import {
  checkAlert,
  createTestFile,
  type PromtoolFile,
  type PromtoolTest,
  writeSeries,
} from './promtool-test.ts';
import type { RuleGroup } from './rule-group.ts';
import { triggerAlerts, triggerMetrics } from './trigger-alerts.ts';

/**
 * The recorded series that the guard's rules are tested by, as series of Prometheus: a counter is sampled where a
 * bucket ends, a depth where the guard samples it. The alert fires exactly where the verdict is `fail`.
 */
export function triggerTests(groups: readonly RuleGroup[]): Readonly<Record<string, PromtoolFile>> {
  const interval = formatSpan(bucketMs);
  return Object.fromEntries(
    readRecordedSeries().map((recorded) => [
      `trigger-${recorded.trigger}`,
      createTestFile(
        recorded.trigger === 'depth' ? 'triggers-depth' : 'triggers',
        interval,
        recorded.cases.map((one) => writeCase(groups, recorded, one, interval)),
      ),
    ]),
  );
}

function writeCase(
  groups: readonly RuleGroup[],
  { trigger, depthFloor = 0 }: RecordedSeries,
  { name, segments, checks }: RecordedCase,
  interval: string,
): PromtoolTest {
  const count = segments.reduce((sum, { buckets }) => sum + buckets, 0);
  const slots = Array.from({ length: count }, (_, index) => recordedAtMs + index * bucketMs);
  const series = playSegments(segments);
  const byStart = new Map(series.map((bucket) => [bucket.startMs, bucket]));
  const buckets = slots.map((startMs) => byStart.get(startMs));
  return {
    name,
    interval,
    input_series: trigger === 'depth' ? writeDepth(series, buckets, depthFloor) : writeCounters(buckets),
    alert_rule_test: checks.map(({ atSeconds, verdict }) =>
      checkAlert(groups, triggerAlerts[trigger], { atMs: 1_000 * atSeconds, fires: verdict === 'fail' }),
    ),
  };
}

type Slots = readonly (Bucket | undefined)[];

function writeCounters(buckets: Slots): PromtoolTest['input_series'] {
  const grow = (names: readonly FigureName[]) => writeGrowth(buckets, names);
  const { latencies, leftOut } = triggerMetrics;
  const lost = {
    strangers: 'stranger',
    unjudged: 'unjudged',
    'set-aside': 'refused',
    aborted: 'aborted',
  } as const;
  return [
    writeSeries(triggerMetrics.requests, {}, grow(['requests'])),
    writeSeries(triggerMetrics.failures, {}, grow(['errors'])),
    writeSeries(triggerMetrics.outages, {}, grow(['outages'])),
    ...(Object.keys(lost) as (keyof typeof lost)[]).map((figure) =>
      writeSeries(leftOut, { why: lost[figure] }, grow([figure])),
    ),
    ...tokenVerdicts.map((verdict) =>
      writeSeries(triggerMetrics.tokens, { verdict }, grow([`tokens-${verdict}`])),
    ),
    ...latencyEdgesMs.map((edge, order) =>
      writeSeries(`${latencies}_bucket`, { le: String(edge / 1_000) }, grow(latencyBins.slice(0, order + 1))),
    ),
    writeSeries(`${latencies}_bucket`, { le: '+Inf' }, grow(latencyBins)),
    writeSeries(`${latencies}_count`, {}, grow(latencyBins)),
    ...listClients(buckets.filter((bucket) => bucket !== undefined)).flatMap((client) =>
      writeClient(buckets, client),
    ),
  ];
}

const tokenVerdicts = ['good', 'bad', 'repeated', 'garbage'] as const;
const binsWithin = latencyBins.slice(0, latencyEdgesMs.indexOf(apiP95TriggerMs) + 1);

/** The counters of one client: all of them, as the service shows them from its first sight on. */
function writeClient(buckets: Slots, client: string): PromtoolTest['input_series'] {
  const own = buckets.map((bucket) => (bucket === undefined ? undefined : cutClient([bucket], client)[0]));
  const grow = (names: readonly FigureName[]) => writeGrowth(own, names);
  const { clientRequests, clientFailures, clientTimings, clientTokens } = triggerMetrics;
  return [
    writeSeries(clientRequests, { client }, grow(['requests'])),
    writeSeries(clientFailures, { client }, grow(['errors'])),
    writeSeries(clientTimings, { client, pace: 'within' }, grow(binsWithin)),
    writeSeries(clientTimings, { client, pace: 'over' }, grow(latencyBins.slice(binsWithin.length))),
    ...tokenVerdicts
      .filter((verdict) => verdict !== 'garbage')
      .map((verdict) => writeSeries(clientTokens, { client, verdict }, grow([`tokens-${verdict}`]))),
  ];
}

function writeGrowth(buckets: Slots, names: readonly FigureName[]): string {
  return writeCounter(
    buckets.map((bucket) =>
      bucket === undefined ? 0 : names.reduce((sum, name) => sum + sumFigure([bucket], name), 0),
    ),
  );
}

function writeDepth(series: readonly Bucket[], buckets: Slots, floor: number): PromtoolTest['input_series'] {
  const { backlog, heldBack, baseline } = triggerMetrics;
  const baselineAt = (atMs: number) =>
    followDepth(series, triggerTable.depth, { atMs, sinceMs: 0, floor }).baseline;
  const write = (name: string, read: (bucket: Bucket) => number | undefined) =>
    writeSeries(
      name,
      {},
      writeGauge(buckets.map((bucket) => (bucket === undefined ? undefined : read(bucket)))),
    );
  return [
    write(backlog, ({ figures }) => figures['depth-others'] ?? figures.depth),
    write(heldBack, ({ figures }) => figures['depth-held'] ?? 0),
    write(baseline, ({ startMs }) => baselineAt(startMs)),
  ];
}

/** A counter that starts at 0 and grows by each, in the notation of promtool: `0 5+5x9` is 0, 5, 10 … 50. */
function writeCounter(grows: readonly number[]): string {
  let total = 0;
  const parts = groupRuns(grows).map(({ value, count }) => {
    const first = total + value;
    total += value * count;
    return `${first}+${value}x${count - 1}`;
  });
  return ['0', ...parts].join(' ');
}

/** A gauge; where nobody set it, it is marked as gone. */
function writeGauge(values: readonly (number | undefined)[]): string {
  return groupRuns(values)
    .map(({ value, count }) => {
      if (value !== undefined) return `${value}+0x${count - 1}`;
      return count === 1 ? 'stale' : `stale _x${count - 1}`;
    })
    .join(' ');
}

function groupRuns<T>(values: readonly T[]): readonly { readonly value: T; readonly count: number }[] {
  const runs: { value: T; count: number }[] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && last.value === value) last.count += 1;
    else runs.push({ value, count: 1 });
  }
  return runs;
}
