export interface LatencyOptions {
  /** Milliseconds of any clock that does not go back. */
  readonly nowMs: () => number;
  /** Only samples of this last span count; 5 minutes by default. */
  readonly windowMs?: number;
  /** Most samples kept, the newest ones: the bound on memory. 4096 by default. */
  readonly samplesMax?: number;
}

export interface LatencyRecorder {
  observe(ms: number): void;
  /** The measured 95th percentile over the window, in ms; 0 with no samples. */
  p95Ms(): number;
}

/** Measures latency over a sliding window and in bounded memory (a ring of samples). Which requests count is decided by the caller. */
export function createLatencyRecorder(options: LatencyOptions): LatencyRecorder {
  const windowMs = options.windowMs ?? 300_000;
  const size = options.samplesMax ?? 4096;
  const samples = new Float64Array(size);
  const takenAt = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  let next = 0;

  return {
    observe(ms) {
      samples[next] = ms;
      takenAt[next] = options.nowMs();
      next = (next + 1) % size;
    },
    p95Ms() {
      const oldestAt = options.nowMs() - windowMs;
      const recent = samples.filter((_sample, index) => (takenAt[index] ?? 0) > oldestAt);
      return nearestRank(recent.sort(), 0.95);
    },
  };
}

/** Row `ceil(share × n)` of `n` sorted samples, the first row being 1 (row 29 of 30 for 0.95); 0 when there are none. */
function nearestRank(sorted: Float64Array, share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}
