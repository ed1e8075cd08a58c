import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { choosePorts, describeTakenPorts, type Ports, type Program, portTable } from './environment.ts';
import { createReport } from './report.ts';
import { type Stack, startStack } from './stack.ts';

// The supervisor is tested with a small stack-in for the product's programs; the real ones run in test/e2e.
const file = 'local/fixtures/fake-program.mjs';
const programs: readonly Program[] = [
  { name: 'worker', file, metricsPort: 'plannerMetrics' },
  { name: 'api', file },
];

let dataDir = '';
let ports: Ports;
let output = '';
const started: Stack[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'stack-'));
  ports = await choosePorts(
    Object.fromEntries(Object.values(portTable).map(({ variable }) => [variable, '0'])),
  );
  output = '';
});
afterEach(async () => {
  for (const stack of started.splice(0)) await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
});

describe('the local stack', () => {
  test('starts every component in order and says where each is', async () => {
    const stack = await start();
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
    expect((await fetch(`${stack.addresses.api}/readyz`)).status).toBe(200);
    expect((await fetch(stack.addresses.sent)).status).toBe(200);
    expect(await readFile(join(stack.logsDir, 'worker.log'), 'utf8')).toContain('"msg":"ready"');
  });

  test('leaves no port taken once it is stopped', async () => {
    const stack = await start();
    expect(await describeTakenPorts(ports)).toBeDefined();
    await stack.stop();
    expect(await describeTakenPorts(ports)).toBeUndefined();
  });

  test('that fails to start stops what had started, and says why with the last output of the component', async () => {
    await expect(start({ NODE_ENV: 'crash' })).rejects.toThrow(/worker: exit code 3[\s\S]*the last output/);
    expect(output).toContain('✗ worker');
    expect(await describeTakenPorts(ports)).toBeUndefined();
  });

  test('reports when a component ends by itself', async () => {
    const stack = await start();
    const pid = Number(/worker +process (\d+)/.exec(output)?.[1]);
    process.kill(pid, 'SIGKILL');
    expect(await stack.crashed).toMatchObject({ name: 'worker', how: 'killed by SIGKILL' });
  });

  test('kills a process that does not end, and says so', async () => {
    const stack = await start({ NODE_ENV: 'deaf', DRAIN_SECONDS: '-5' });
    await stack.stop();
    expect(output).toMatch(/✗ worker +had to be killed/);
    expect(await describeTakenPorts(ports)).toBeUndefined();
  });
}, 30_000);

async function start(caller: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const report = createReport({ write: (text) => (output += text) }, {});
  const stack = await startStack({
    ports,
    dataDir,
    caller: { PATH: process.env['PATH'], ...caller },
    programs,
    report,
  });
  started.push(stack);
  return stack;
}
