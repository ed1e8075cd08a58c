import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDrills, drills } from './drills.ts';

let away: string[] = [];
let said: string[] = [];
const report = { bad: (name: string, detail: string) => void said.push(`${name} ${detail}`) };
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
  said = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each(Object.entries(drills))('%s: its parts go away for so long, and come back', async (name, drill) => {
  const answer = await createDrills(parts, report).run(name, 30);
  expect(answer).toContain(`For 30 s ${drill.says}`);
  expect(away.toSorted()).toEqual(drill.parts.toSorted());
  await vi.advanceTimersByTimeAsync(29_999);
  expect(away).not.toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(away).toEqual([]);
});

test('one at a time; and the end of the stand ends it', async () => {
  const all = createDrills(parts, report);
  await all.run('mail-down', 30);
  await expect(all.run('issuer-down', 30)).rejects.toThrow('A drill runs already');
  await all.end();
  expect(away).toEqual([]);
  await all.run('issuer-down', 30);
  expect(away).toEqual(['issuer']);
});

test('a part that does not come back is told, and the others come back', async () => {
  const stuck = { ...parts[3], name: 'mail server', comeBack: () => Promise.reject(new Error('EADDRINUSE')) };
  const all = createDrills([stuck, ...parts.slice(4)] as typeof parts, report);
  await all.run('provider-down', 30);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(away).toEqual(['mail server']);
  expect(said).toEqual([expect.stringMatching(/^mail server did not come back .*EADDRINUSE/)]);
  await expect(all.run('mail-down', 30)).resolves.toContain('For 30 s');
});

test.each([
  ['constructor', 30, 'There is no drill constructor. There are: provider-down'],
  ['mail-down', 0, 'from 1 to 3600 seconds'],
  ['mail-down', Number.NaN, 'from 1 to 3600 seconds'],
])('%s for %s s is refused: %s', async (name, seconds, reason) => {
  await expect(createDrills(parts, report).run(name, seconds)).rejects.toThrow(reason);
  expect(away).toEqual([]);
});
