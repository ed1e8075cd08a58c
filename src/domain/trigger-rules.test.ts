import { describe, expect, test } from 'vitest';
import { playSegments, readRecordedSeries, recordedAtMs } from '../../test/support/recorded-series.ts';
import type { Bucket } from './fleet-counters.ts';
import { cutEvidence, judgeTrigger } from './trigger-rules.ts';

const recorded = readRecordedSeries();
const cases = recorded.flatMap(({ trigger, samplesMin, depthFloor = 0, cases: all }) =>
  all.flatMap(({ name, segments, checks }) =>
    checks.map((check) => ({ trigger, samplesMin, depthFloor, name, segments, ...check })),
  ),
);

describe('the recorded series', () => {
  test.each(cases)(
    '$trigger: $name; at $atSeconds s $verdict, $why',
    ({ trigger, segments, atSeconds, ...rest }) => {
      const atMs = recordedAtMs + 1_000 * atSeconds;
      // What came later is in the store too, and must not be looked at.
      const judgement = judgeTrigger(trigger, playSegments(segments), { atMs, sinceMs: 0, ...rest });
      expect(judgement).toMatchObject({ verdict: rest.verdict });
    },
  );

  test('hold a check on each side of each line', () => {
    for (const { trigger } of recorded) {
      const verdicts = cases.filter((one) => one.trigger === trigger).map(({ verdict }) => verdict);
      expect(new Set(verdicts), trigger).toEqual(new Set(['pass', 'fail', 'no-data']));
    }
  });
});

describe('after a release', () => {
  const failing = playSegments([{ buckets: 60, each: { requests: 100, errors: 5 } }]);
  const moment = { atMs: recordedAtMs + 600_000, samplesMin: 50, depthFloor: 500 };

  test('nothing from before it counts, and what comes after does', () => {
    const judge = (sinceMs: number) => judgeTrigger('5xx', failing, { ...moment, sinceMs }).verdict;
    expect(judge(moment.atMs)).toBe('no-data');
    expect(judge(moment.atMs - 10_000)).toBe('fail');
  });

  test('a run of the depth begins anew, with the baseline that is known', () => {
    const series = playSegments([
      { buckets: 60, each: { depth: 1_000 } },
      { buckets: 200, each: { depth: 5_000 } },
    ]);
    const judge = (sinceMs: number) =>
      judgeTrigger('depth', series, { ...moment, atMs: recordedAtMs + 2_590_000, sinceMs }).verdict;
    expect(judge(recordedAtMs + 1_990_000)).toBe('fail');
    expect(judge(recordedAtMs + 2_000_000)).toBe('pass');
  });
});

describe('the baseline of the depth outlives the samples that it came from', () => {
  const moment = { samplesMin: 60, depthFloor: 500, sinceMs: 0 };
  const known = { 'depth-baseline': 1_000 };
  const judge = (segments: Parameters<typeof playSegments>[0]) => {
    const series = playSegments(segments);
    const atMs = series.at(-1)?.startMs ?? 0;
    return judgeTrigger('depth', series, { ...moment, atMs });
  };

  test('after a hold that was longer than the series is kept', () => {
    const held = { buckets: 1_079, each: { depth: 9_000, 'depth-held': 1, ...known } };
    expect(judge([held, { buckets: 60, each: { depth: 9_000 } }])).toMatchObject({
      verdict: 'pass',
      line: 2_000,
    });
    expect(judge([held, { buckets: 61, each: { depth: 9_000 } }])).toMatchObject({
      verdict: 'fail',
      line: 2_000,
    });
  });

  test('in a run that goes on for longer', () => {
    expect(judge([{ buckets: 1_080, each: { depth: 2_001, ...known } }])).toMatchObject({
      verdict: 'fail',
      line: 2_000,
    });
  });

  test('and gives way to new samples once there are enough of them', () => {
    const learned = judge([{ buckets: 61, each: { depth: 1_800, ...known } }]);
    expect(learned).toMatchObject({ verdict: 'pass', line: 3_600 });
  });
});

test('an incident keeps the buckets that its verdict rests on, and no others', () => {
  const series = playSegments([{ buckets: 90, each: { requests: 1 }, clients: { a: { requests: 1 } } }]);
  const kept = cutEvidence('5xx', series, recordedAtMs + 600_000);
  expect(kept[0]).toEqual({ startMs: recordedAtMs + 300_000, figures: { requests: 1 } });
  expect(kept.map(({ startMs }) => (startMs - recordedAtMs) / 1_000)).toEqual(
    Array.from({ length: 31 }, (_, index) => 300 + 10 * index),
  );
});

test('figures of different processes in one bucket add up before they are judged', () => {
  const bucket: Bucket = { startMs: recordedAtMs, figures: { requests: 100, errors: 1 } };
  const moment = { atMs: recordedAtMs + 10_000, sinceMs: 0, samplesMin: 50, depthFloor: 0 };
  expect(judgeTrigger('5xx', [bucket], moment)).toEqual({
    verdict: 'fail',
    value: 100,
    line: 100,
    samples: 100,
    samplesMin: 50,
    detail: '1 of 100 (1.00 %)',
  });
});
