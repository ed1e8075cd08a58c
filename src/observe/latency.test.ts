import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createLatencyRecorder } from './latency.ts';

function recorderAt(options: { windowMs?: number; samplesMax?: number } = {}) {
  const clock = { nowMs: 0 };
  return { clock, recorder: createLatencyRecorder({ ...options, nowMs: () => clock.nowMs }) };
}

describe('p95Ms', () => {
  test('is 0 with no samples', () => {
    expect(recorderAt().recorder.p95Ms()).toBe(0);
  });

  test('is row 29 of 30 sorted samples', () => {
    const { recorder } = recorderAt();
    for (let ms = 30; ms >= 1; ms--) recorder.observe(ms);
    expect(recorder.p95Ms()).toBe(29);
  });

  test('sorts numbers as numbers', () => {
    const { recorder } = recorderAt();
    for (const ms of [9, 100, 20]) recorder.observe(ms);
    expect(recorder.p95Ms()).toBe(100);
  });

  test('forgets a sample exactly when the window has passed', () => {
    const { recorder, clock } = recorderAt({ windowMs: 1000 });
    recorder.observe(50);
    clock.nowMs = 999;
    expect(recorder.p95Ms()).toBe(50);
    clock.nowMs = 1000;
    expect(recorder.p95Ms()).toBe(0);
  });

  test('keeps the newest samples when there are more than it has room for', () => {
    const { recorder } = recorderAt({ samplesMax: 10 });
    for (const ms of [500, ...Array.from({ length: 10 }, (_, index) => index + 1)]) recorder.observe(ms);
    expect(recorder.p95Ms()).toBe(10);
  });

  test('is always one of the samples, with at most 5 % of them above it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 200 }),
        (samples) => {
          const { recorder } = recorderAt();
          for (const ms of samples) recorder.observe(ms);
          const p95 = recorder.p95Ms();
          expect(samples).toContain(p95);
          expect(samples.filter((ms) => ms > p95).length).toBeLessThanOrEqual(samples.length * 0.05);
        },
      ),
    );
  });
});
