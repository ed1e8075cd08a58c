import { expect, test } from 'vitest';
import { describeStorm } from '../storm/describe-storm.ts';
import { runStorm } from '../storm/storm.ts';
import { whyNoPreload } from '../support/preload/preload.ts';

/** `STORM_SEED` repeats the choices of a run. Longer storms: `npm run storm`, test/long/storm.test.ts. */
const seed = Number(process.env['STORM_SEED'] ?? Date.now() % 1_000_000);
const obstacle = await whyNoPreload();

test('REL-1: after kills, stops, Redis restarts and a failing provider in random order every invariant holds', async (context) => {
  context.skip(obstacle !== undefined, obstacle);
  const report = await runStorm({ durationMs: 20_000, seed });
  expect(report.breaches, describeStorm(report)).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(20);
}, 300_000);
