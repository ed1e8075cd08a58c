import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimSocket, readRunningStack, requestDrill, type StackState, stopRunningStack } from './control.ts';

const state: StackState = { pid: process.pid, phase: 'ready', addresses: { api: 'http://127.0.0.1:8080' } };
const releases: (() => void)[] = [];
let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'control-'));
});
afterEach(async () => {
  for (const release of releases.splice(0)) release();
  await rm(dataDir, { recursive: true, force: true });
});

describe('the socket of a running stack', () => {
  test('is claimed by one; the next one learns what runs', async () => {
    expect(await take()).not.toHaveProperty('running');
    expect(await take()).toEqual({ running: state });
    expect(await readRunningStack(dataDir)).toEqual(state);
  });

  test('can be claimed in a fresh clone, whose data folder does not exist yet', async () => {
    dataDir = join(dataDir, 'not', 'yet');
    expect(await take()).not.toHaveProperty('running');
    expect(await readRunningStack(dataDir)).toEqual(state);
  });

  test('is free again once it is released', async () => {
    await take();
    for (const release of releases.splice(0)) release();
    expect(await readRunningStack(dataDir)).toBeUndefined();
    expect(await take()).not.toHaveProperty('running');
  });

  test('that a killed stack held is free', async () => {
    const holder = holdElsewhere();
    await once(holder.stdout, 'data');
    expect(await readRunningStack(dataDir)).toMatchObject({ phase: 'ready' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await take()).not.toHaveProperty('running');
  }, 20_000);
});

test('a stack that ends during a request does not run', async () => {
  // Closing a socket whose command was never read resets it, as the end of the process does.
  const ending = createServer({ pauseOnConnect: true }, (socket) => setTimeout(() => socket.destroy(), 100));
  await once(ending.listen(join(dataDir, 'up.sock')), 'listening');
  expect(await readRunningStack(dataDir)).toBeUndefined();
  ending.close();
});

test('stopping waits until the process is gone', async () => {
  const holder = holdElsewhere();
  await once(holder.stdout, 'data');
  const gone = once(holder, 'exit');
  expect(await stopRunningStack(dataDir)).toMatchObject({ phase: 'ready' });
  expect(await gone).toEqual([0, null]);
}, 20_000);

test('a drill is requested, and its result comes back', async () => {
  expect(await requestDrill(dataDir, 'mail-down', 5)).toBeUndefined();
  await take();
  expect(await requestDrill(dataDir, 'mail-down', 5)).toEqual({ message: 'mail-down for 5', started: true });
  expect(await requestDrill(dataDir, 'flood', 5)).toEqual({ message: 'no such drill', started: false });
});

test('stopping what does not run says so', async () => {
  expect(await stopRunningStack(dataDir)).toBeUndefined();
});

async function take() {
  const place = await claimSocket({
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

/** Another process that holds the socket and ends, a little later, when it is asked to. */
function holdElsewhere() {
  const code = `
    import { claimSocket } from '${new URL('control.ts', import.meta.url).href}';
    const readState = () => ({ pid: process.pid, phase: 'ready', addresses: {} });
    await claimSocket({ dataDir: '${dataDir}', readState, onStop: () => setTimeout(() => process.exit(0), 300) });
    console.log('taken');`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
