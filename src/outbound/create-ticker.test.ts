import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTicker } from './create-ticker.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('createTicker', () => {
  test('runs at once, then at every tick, until it is stopped', () => {
    const task = vi.fn<() => void>();
    const ticker = createTicker(1_000, task);
    ticker.start(new AbortController().signal);
    expect(task).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(3_000);
    expect(task).toHaveBeenCalledTimes(4);
    ticker.stop();
    vi.advanceTimersByTime(3_000);
    expect(task).toHaveBeenCalledTimes(4);
  });

  test('ends with its signal, and does not begin after it', () => {
    const task = vi.fn<() => void>();
    const life = new AbortController();
    const ticker = createTicker(1_000, task);
    ticker.start(life.signal);
    life.abort();
    vi.advanceTimersByTime(3_000);
    ticker.start(life.signal);
    expect(task).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('started twice, it ticks once', () => {
    const task = vi.fn<() => void>();
    const ticker = createTicker(1_000, task);
    ticker.start(new AbortController().signal);
    ticker.start(new AbortController().signal);
    vi.advanceTimersByTime(1_000);
    expect(task).toHaveBeenCalledTimes(3);
    ticker.stop();
  });
});
