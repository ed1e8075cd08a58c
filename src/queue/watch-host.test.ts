import { expect, test } from 'vitest';
import { createHostWatch } from './watch-host.ts';

const stalledMs = 60_000;

/** A host that one sets by hand, beside a queue and a clock that one sets by hand. */
function createStage() {
  const at = { now: 1_000_000, waiting: 5, idle: true, pickup: 0, away: false };
  const look = createHostWatch({
    host: { isIdle: () => at.idle, lastPickupAt: () => at.pickup },
    countWaiting: async () => {
      if (at.away) throw new Error('the store is away');
      return at.waiting;
    },
    stalledMs,
    now: () => at.now,
  });
  return { at, look };
}

test('jobs that wait beside an idle host for the whole time mean that it is stalled', async () => {
  const { at, look } = createStage();
  expect(await look()).toBe(false);
  at.now += stalledMs - 1;
  expect(await look()).toBe(false);
  at.now += 1;
  expect(await look()).toBe(true);
});

test.each<[string, (at: ReturnType<typeof createStage>['at']) => void]>([
  ['took up a job', (at) => (at.pickup = at.now)],
  ['was paused or full', (at) => (at.idle = false)],
  ['had nothing to do', (at) => (at.waiting = 0)],
])('a host that %s meanwhile is not stalled', async (_what, happen) => {
  const { at, look } = createStage();
  await look();
  at.now += stalledMs / 2;
  happen(at);
  await look();
  Object.assign(at, { idle: true, waiting: 5 });
  at.now += stalledMs / 2 + 1;
  expect(await look()).toBe(false);
});

test('a store that is away stalls nobody, and the time counts anew when it is back', async () => {
  const { at, look } = createStage();
  await look();
  at.away = true;
  at.now += 2 * stalledMs;
  await expect(look()).rejects.toThrow('away');
  at.away = false;
  expect(await look()).toBe(false);
});
