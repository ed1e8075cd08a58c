import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { choosePorts, describeTakenPorts, type Ports, type Program, portTable } from './environment.ts';
import { createReport } from './report.ts';
import { type Stand, startStand } from './stand.ts';

// The supervisor is tested with a small stand-in for the product's programs; the real ones run in test/e2e.
const file = 'local/fixtures/stand-in.mjs';
const programs: readonly Program[] = [
  { name: 'worker', file, metricsPort: 'plannerMetrics' },
  { name: 'api', file },
];

let dataDir = '';
let ports: Ports;
let output = '';
const started: Stand[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'stand-'));
  ports = await choosePorts(
    Object.fromEntries(Object.values(portTable).map(({ variable }) => [variable, '0'])),
  );
  output = '';
});
afterEach(async () => {
  for (const stand of started.splice(0)) await stand.stop();
  await rm(dataDir, { recursive: true, force: true });
});

describe('the stand', () => {
  test('starts every part in order and says where each is', async () => {
    const stand = await start();
    const names = [...output.matchAll(/✓ (\S+(?: \S+)*)/g)].map((match) => match[1]);
    expect(names).toEqual([
      'redis',
      'issuer',
      'directory',
      'mail server',
      'text server',
      'what was sent',
      'worker',
      'api',
    ]);
    expect((await fetch(`${stand.addresses.api}/readyz`)).status).toBe(200);
    expect((await fetch(stand.addresses.sent)).status).toBe(200);
    expect(await readFile(join(stand.logsDir, 'worker.log'), 'utf8')).toContain('"msg":"ready"');
  });

  test('leaves no port taken once it is stopped', async () => {
    const stand = await start();
    expect(await describeTakenPorts(ports)).toBeDefined();
    await stand.stop();
    expect(await describeTakenPorts(ports)).toBeUndefined();
  });

  test('that fails to start stops what had started, and says why with the last words of the part', async () => {
    await expect(start({ NODE_ENV: 'crash' })).rejects.toThrow(/worker: exit code 3[\s\S]*the last words/);
    expect(output).toContain('✗ worker');
    expect(await describeTakenPorts(ports)).toBeUndefined();
  });

  test('tells when a part ends by itself', async () => {
    const stand = await start();
    const pid = Number(/worker +process (\d+)/.exec(output)?.[1]);
    process.kill(pid, 'SIGKILL');
    expect(await stand.crashed).toMatchObject({ name: 'worker', how: 'killed by SIGKILL' });
  });

  test('kills a process that does not end, and says so', async () => {
    const stand = await start({ NODE_ENV: 'deaf', DRAIN_SECONDS: '-5' });
    await stand.stop();
    expect(output).toMatch(/✗ worker +had to be killed/);
    expect(await describeTakenPorts(ports)).toBeUndefined();
  });
}, 30_000);

async function start(caller: Readonly<Record<string, string>> = {}): Promise<Stand> {
  const report = createReport({ write: (text) => (output += text) }, {});
  const stand = await startStand({
    ports,
    dataDir,
    caller: { PATH: process.env['PATH'], ...caller },
    programs,
    report,
  });
  started.push(stand);
  return stand;
}
