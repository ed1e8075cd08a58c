import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDrills, drills } from './drills.ts';

let away: string[] = [];
const parts = ['redis', 'issuer', 'directory', 'mail server', 'text server', 'api'].map((name) => ({
  name,
  stop: () => Promise.resolve(),
  goAway: () => Promise.resolve(away.push(name)),
  comeBack: () => {
    away = away.filter((other) => other !== name);
    return Promise.resolve();
  },
}));

beforeEach(() => {
  away = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each(Object.entries(drills))('%s: its parts go away for so long, and come back', async (name, drill) => {
  const said = await createDrills(parts).run(name, 30);
  expect(said).toContain(`For 30 s ${drill.says}`);
  expect(away.toSorted()).toEqual(drill.parts.toSorted());
  await vi.advanceTimersByTimeAsync(29_999);
  expect(away).not.toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(away).toEqual([]);
});

test('one at a time; and the end of the stand ends it', async () => {
  const all = createDrills(parts);
  await all.run('mail-down', 30);
  await expect(all.run('issuer-down', 30)).rejects.toThrow('A drill runs already');
  await all.end();
  expect(away).toEqual([]);
  await all.run('issuer-down', 30);
  expect(away).toEqual(['issuer']);
});

test.each([
  ['constructor', 30, 'There is no drill constructor. There are: provider-down'],
  ['mail-down', 0, 'from 1 to 3600 seconds'],
  ['mail-down', Number.NaN, 'from 1 to 3600 seconds'],
])('%s for %s s is refused: %s', async (name, seconds, reason) => {
  await expect(createDrills(parts).run(name, seconds)).rejects.toThrow(reason);
  expect(away).toEqual([]);
});
