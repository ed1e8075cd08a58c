import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDrills, drills } from './drills.ts';

let away: string[] = [];
let said: string[] = [];
const report = { bad: (name: string, detail: string) => void said.push(`${name} ${detail}`) };
const components = ['redis', 'issuer', 'directory', 'mail server', 'text server', 'api'].map((name) => ({
  name,
  stop: () => Promise.resolve(),
  interrupt: () => Promise.resolve(away.push(name)),
  restore: () => {
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

test.each(Object.entries(drills))(
  '%s: its components are unreachable for so long, and come back',
  async (name, drill) => {
    const answer = await createDrills(components, report).run(name, 30);
    expect(answer).toContain(`For 30 s ${drill.effect}`);
    expect(away.toSorted()).toEqual(drill.components.toSorted());
    await vi.advanceTimersByTimeAsync(29_999);
    expect(away).not.toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(away).toEqual([]);
  },
);

test('one at a time; and stopping the stack ends it', async () => {
  const all = createDrills(components, report);
  await all.run('mail-down', 30);
  await expect(all.run('issuer-down', 30)).rejects.toThrow('A drill runs already');
  await all.end();
  expect(away).toEqual([]);
  await all.run('issuer-down', 30);
  expect(away).toEqual(['issuer']);
});

test('a component that does not come back is reported, and the others come back', async () => {
  const stuck = {
    ...components[3],
    name: 'mail server',
    restore: () => Promise.reject(new Error('EADDRINUSE')),
  };
  const all = createDrills([stuck, ...components.slice(4)] as typeof components, report);
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
  await expect(createDrills(components, report).run(name, seconds)).rejects.toThrow(reason);
  expect(away).toEqual([]);
});
