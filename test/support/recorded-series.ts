import { readFileSync } from 'node:fs';
import type { Bucket, Counts } from '../../src/domain/fleet-counters.ts';
import { bucketMs, type TriggerName, triggerNames } from '../../src/domain/thresholds.ts';
import type { Verdict } from '../../src/domain/trigger-rules.ts';

/** A series with the verdicts that must come of it; the same file feeds every judge of it. */
export interface RecordedCase {
  readonly name: string;
  readonly segments: readonly Segment[];
  readonly checks: readonly {
    readonly atSeconds: number;
    readonly verdict: Verdict;
    readonly why: string;
  }[];
}

export interface RecordedSeries {
  readonly trigger: TriggerName;
  readonly samplesMin: number;
  readonly depthFloor?: number;
  readonly cases: readonly RecordedCase[];
}

/** `buckets` buckets that each hold `each`, with the `clients`' parts in it; `null`: buckets that nobody wrote. */
export interface Segment {
  readonly buckets: number;
  readonly each: Counts | null;
  readonly clients?: Readonly<Record<string, Counts>>;
}

/** When the first bucket begins. */
export const recordedAtMs = Date.parse('2026-11-20T09:00:00Z');

/** Every recorded series, one file a trigger. */
export function readRecordedSeries(): readonly RecordedSeries[] {
  return triggerNames.map((name) => {
    const url = new URL(`../fixtures/series/${name}.json`, import.meta.url);
    return JSON.parse(readFileSync(url, 'utf8')) as RecordedSeries;
  });
}

/** The segments as buckets, one after another from `fromMs`. */
export function playSegments(segments: readonly Segment[], fromMs = recordedAtMs): readonly Bucket[] {
  const series: Bucket[] = [];
  let startMs = fromMs;
  for (const { buckets, each, clients } of segments) {
    for (let count = 0; count < buckets; count += 1) {
      if (each !== null)
        series.push({ startMs, figures: each, ...(clients === undefined ? {} : { clients }) });
      startMs += bucketMs;
    }
  }
  return series;
}
