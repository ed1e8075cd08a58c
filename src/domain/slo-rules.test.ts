import { describe, expect, test } from 'vitest';
import type { Counts, Tally } from './fleet-counters.ts';
import { isUp, judgeSlo, type SloTallies, tallySlo } from './slo-rules.ts';
import { type BurnWindow, type SloName, sloNames } from './thresholds.ts';

const none: Tally = { bad: 0, total: 0 };
const quiet: Record<BurnWindow, Tally> = { '5m': none, '30m': none, '1h': none, '6h': none, '3d': none };
const judge = (name: SloName, whole: Tally, over: Partial<SloTallies> = {}) =>
  judgeSlo(name, { whole, windows: quiet, samplesMin: 50, ...over });

describe('each objective on its line', () => {
  test.each([
    ['uptime', 10, 10_000, 'met'],
    ['uptime', 11, 10_000, 'missed'],
    ['5xx', 49, 10_000, 'met'],
    ['5xx', 50, 10_000, 'missed'],
    ['p95', 500, 10_000, 'met'],
    ['p95', 501, 10_000, 'missed'],
    ['auth', 200, 10_000, 'met'],
    ['auth', 201, 10_000, 'missed'],
    ['dead-letters', 49, 10_000, 'met'],
    ['dead-letters', 50, 10_000, 'missed'],
    ['depth', 100, 10_000, 'met'],
    ['depth', 101, 10_000, 'missed'],
  ] as const)('%s with %d bad of %d is %s', (name, bad, total, verdict) => {
    expect(judge(name, { bad, total }).verdict).toBe(verdict);
  });

  test.each(sloNames)('%s without data has no verdict and no budget', (name) => {
    expect(judge(name, none)).toMatchObject({ verdict: 'no-data', burnRates: {} });
    expect(judge(name, none).budgetLeft).toBeUndefined();
  });
});

describe('a budget', () => {
  test('by the clock is that part of thirty days: ten seconds down after a start are ten seconds of 43 minutes', () => {
    const left = (bad: number) => judge('uptime', { bad, total: 60 }).budgetLeft;
    expect(left(1)).toBeCloseTo(1 - 10 / 2_592, 10);
    expect(left(60)).toBeGreaterThan(0);
    expect(judge('uptime', { bad: 260, total: 259_200 }).budgetLeft).toBeLessThan(0);
  });

  test.each(sloNames)('of %s is not spent before there is enough to judge by', (name) => {
    const few = judge(name, { bad: 49, total: 49 });
    expect([few.verdict, few.budgetLeft, few.measured]).toEqual(['no-data', undefined, 0]);
    expect(judge(name, { bad: 50, total: 50 })).toMatchObject({
      verdict: 'missed',
      budgetLeft: expect.any(Number),
    });
  });
});

test('a budget is whole, spent, and overspent', () => {
  const left = (bad: number) => judge('auth', { bad, total: 10_000 }).budgetLeft;
  expect([left(0), left(100), left(200), left(400)]).toEqual([1, 0.5, 0, -1]);
});

describe('a burn-rate alert', () => {
  const page = (windows: Partial<SloTallies['windows']>) =>
    judge('5xx', none, { windows: { ...quiet, ...windows } }).alerts.map(({ isFiring }) => isFiring);
  const at = { bad: 72, total: 1_000 };
  const over = { bad: 73, total: 1_000 };

  test('fires beyond its rate in both windows of its pair, and not on it', () => {
    expect(page({ '1h': over, '5m': over })).toEqual([true, false, false]);
    expect(page({ '1h': at, '5m': over })).toEqual([false, false, false]);
    expect(page({ '1h': over, '5m': at })).toEqual([false, false, false]);
    expect(page({ '6h': over, '30m': over, '3d': over })).toEqual([false, true, true]);
  });

  test('does not fire on a handful, nor on nothing', () => {
    expect(page({ '1h': { bad: 49, total: 49 }, '5m': over })).toEqual([false, false, false]);
    expect(page({ '1h': { bad: 50, total: 50 }, '5m': over })).toEqual([true, false, false]);
    expect(page({ '1h': over })).toEqual([false, false, false]);
  });
});

describe('what counts', () => {
  const tally = (name: SloName, figures: Counts, up = 0) => tallySlo(name, [{ startMs: 0, figures, up }], 30);

  test('as up: alive, and not every request failed', () => {
    const up = (figures: Counts) => isUp({ startMs: 0, figures });
    expect(up({ alive: 1 })).toBe(true);
    expect(up({ alive: 1, requests: 10, errors: 9 })).toBe(true);
    expect(up({ alive: 1, requests: 10, errors: 10 })).toBe(false);
    expect(up({ alive: 1, outages: 10 })).toBe(false);
    expect(up({ alive: 1, requests: 1, outages: 10, strangers: 1_000 })).toBe(true);
    expect(up({ requests: 10 })).toBe(false);
  });

  test('in each objective', () => {
    expect(tally('uptime', {}, 29)).toEqual({ bad: 1, total: 30 });
    expect(tally('5xx', { requests: 9, errors: 2, 'set-aside': 5, strangers: 90, unjudged: 90 })).toEqual({
      bad: 2,
      total: 9,
    });
    expect(tally('5xx', { requests: 9, errors: 2, outages: 4 })).toEqual({ bad: 6, total: 13 });
    expect(tally('p95', { 'ms:80': 3, 'ms:120': 4, 'ms:200': 2, 'ms:over': 1 })).toEqual({
      bad: 3,
      total: 10,
    });
    expect(
      tally('auth', { 'tokens-good': 8, 'tokens-bad': 2, 'tokens-repeated': 50, 'tokens-garbage': 90 }),
    ).toEqual({
      bad: 2,
      total: 10,
    });
    expect(tally('dead-letters', { sent: 7, dead: 3 })).toEqual({ bad: 3, total: 10 });
    expect(tally('depth', { depth: 9, 'depth-judged': 4, 'depth-over': 1 })).toEqual({ bad: 1, total: 4 });
  });
});
