import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTicker } from './start-ticker.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('runs at once, then at every tick, ends with its signal, and does not begin after it', () => {
  const task = vi.fn<() => void>();
  const life = new AbortController();
  startTicker(1_000, task, life.signal);
  expect(task).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(3_000);
  expect(task).toHaveBeenCalledTimes(4);
  life.abort();
  vi.advanceTimersByTime(3_000);
  startTicker(1_000, task, life.signal);
  expect(task).toHaveBeenCalledTimes(4);
  expect(vi.getTimerCount()).toBe(0);
});
