import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askDrill, askStand, type StandState, stopStand, takePlace } from './control.ts';

const state: StandState = { pid: process.pid, phase: 'ready', addresses: { api: 'http://127.0.0.1:8080' } };
const releases: (() => void)[] = [];
let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'control-'));
});
afterEach(async () => {
  for (const release of releases.splice(0)) release();
  await rm(dataDir, { recursive: true, force: true });
});

describe('the place of a running stand', () => {
  test('is taken by one; the next one learns what runs', async () => {
    expect(await take()).not.toHaveProperty('running');
    expect(await take()).toEqual({ running: state });
    expect(await askStand(dataDir)).toEqual(state);
  });

  test('can be taken in a fresh clone, whose data folder is not there yet', async () => {
    dataDir = join(dataDir, 'not', 'yet');
    expect(await take()).not.toHaveProperty('running');
    expect(await askStand(dataDir)).toEqual(state);
  });

  test('is free again once it is given back', async () => {
    await take();
    for (const release of releases.splice(0)) release();
    expect(await askStand(dataDir)).toBeUndefined();
    expect(await take()).not.toHaveProperty('running');
  });

  test('that a killed stand held is free', async () => {
    const holder = holdElsewhere();
    await once(holder.stdout, 'data');
    expect(await askStand(dataDir)).toMatchObject({ phase: 'ready' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await take()).not.toHaveProperty('running');
  }, 20_000);
});

test('a stand that ends while it is asked does not run', async () => {
  // Closing a socket whose word was never read resets it, as the end of the process does.
  const ending = createServer({ pauseOnConnect: true }, (socket) => setTimeout(() => socket.destroy(), 100));
  await once(ending.listen(join(dataDir, 'up.sock')), 'listening');
  expect(await askStand(dataDir)).toBeUndefined();
  ending.close();
});

test('stopping waits until the process is gone', async () => {
  const holder = holdElsewhere();
  await once(holder.stdout, 'data');
  const gone = once(holder, 'exit');
  expect(await stopStand(dataDir)).toMatchObject({ phase: 'ready' });
  expect(await gone).toEqual([0, null]);
}, 20_000);

test('a drill is asked for, and its answer comes back', async () => {
  expect(await askDrill(dataDir, 'mail-down', 5)).toBeUndefined();
  await take();
  expect(await askDrill(dataDir, 'mail-down', 5)).toEqual({ said: 'mail-down for 5', began: true });
  expect(await askDrill(dataDir, 'flood', 5)).toEqual({ said: 'no such drill', began: false });
});

test('stopping what does not run says so', async () => {
  expect(await stopStand(dataDir)).toBeUndefined();
});

async function take() {
  const place = await takePlace({
    dataDir,
    readState: () => state,
    onStop: () => undefined,
    onDrill: (name, seconds) =>
      name === 'flood'
        ? Promise.reject(new Error('no such drill'))
        : Promise.resolve(`${name} for ${seconds}`),
  });
  if ('release' in place) releases.push(place.release);
  return place;
}

/** Another process that holds the place and ends, a little later, when it is asked to. */
function holdElsewhere() {
  const code = `
    import { takePlace } from '${new URL('control.ts', import.meta.url).href}';
    const readState = () => ({ pid: process.pid, phase: 'ready', addresses: {} });
    await takePlace({ dataDir: '${dataDir}', readState, onStop: () => setTimeout(() => process.exit(0), 300) });
    console.log('taken');`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
