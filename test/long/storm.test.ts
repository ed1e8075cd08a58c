import { expect, test } from 'vitest';
import { describeStorm } from '../storm/describe-storm.ts';
import { runStorm } from '../storm/storm.ts';
import { whyNoPreload } from '../support/preload/preload.ts';

/** Long enough for the faults that linger, too: a store put back in time, poison, an account that is blocked. */
const durationMs = 180_000;
const seed = Number(process.env['STORM_SEED'] ?? Date.now() % 1_000_000);
const obstacle = await whyNoPreload();

test('REL-1: a storm of three minutes, with every fault that there is', async (context) => {
  context.skip(obstacle !== undefined, obstacle);
  const report = await runStorm({ durationMs, seed, print: (line) => process.stdout.write(`${line}\n`) });
  const told = describeStorm(report);
  process.stdout.write(`${told}\n`);
  expect(report.breaches, told).toEqual([]);
  expect(report.stops).toBeGreaterThan(5);
  expect(report.faults.size).toBeGreaterThan(20);
}, 1_200_000);
