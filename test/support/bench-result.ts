import { fullScale, type Measurement } from '../../bench/benchmark.ts';
import type { Result } from '../../bench/result.ts';
import { toFigure } from '../../bench/statistics.ts';

/** A kept run of the bench with these figures. */
export function makeResult(command: string, ...measurements: readonly Measurement[]): Result {
  return {
    at: '2026-11-30T00:00:00.000Z',
    commit: '0d7ce84',
    command,
    machine: {
      cores: 2,
      cpu: 'AMD EPYC',
      memoryGb: 24,
      node: 'v24.22.3',
      redis: '7.0.15',
      loadBefore: 0.1,
      fdatasyncMs: 0.1,
    },
    scale: fullScale,
    figures: measurements.map(toFigure),
    failed: [],
  };
}
