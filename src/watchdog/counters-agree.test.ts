import { expect, test } from 'vitest';
import { latencyEdgesMs } from '../domain/thresholds.ts';
import { histogramTable } from '../observe/metric-table.ts';
import { parseCounters } from './read-windows.ts';

test('the fleet’s latency bins have the edges of the exported histograms, the target and the trigger among them', () => {
  for (const { buckets } of [histogramTable.requestSeconds, histogramTable.guardRequestSeconds])
    expect(buckets.map((seconds) => Math.round(seconds * 1_000))).toEqual([...latencyEdgesMs]);
  expect(latencyEdgesMs).toEqual(expect.arrayContaining([120, 300]));
});

test('a bucket nobody wrote is no bucket, and figures of a newer version are left out', () => {
  expect(parseCounters({})).toBeUndefined();
  expect(parseCounters({ requests: '3', tomorrow: '7' })).toEqual({ requests: 3 });
});
