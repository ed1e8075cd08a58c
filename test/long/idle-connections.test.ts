import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../local/loopback.ts';
import { type Crowd, createCrowd, readResidentMb } from '../support/crowd.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
let crowd: Crowd;
beforeAll(async () => {
  service = await startService({ processes: ['api'] });
  crowd = createCrowd(service.url);
});
afterAll(async () => {
  await crowd?.stop();
  await service?.stop();
});

describe('on the port of the figures', () => {
  test('a few hundred idle connections are closed, and who scrapes is answered all the time', async () => {
    const port = await findFreePort();
    const other = await startService({ processes: ['api'], environment: { METRICS_PORT: String(port) } });
    const idlers = createCrowd(`http://127.0.0.1:${port}`);
    const pid = other.processes.get('api')?.pid ?? 0;
    const beforeMb = readResidentMb(pid);
    for (let batch = 0; batch < 10; batch += 1) {
      await Promise.all(Array.from({ length: 200 }, () => idlers.connect('', { reads: true })));
      expect(await idlers.ask('/metrics')).toBe(200);
      expect(await idlers.ask('/livez')).toBe(200);
    }
    expect(readResidentMb(pid) - beforeMb).toBeLessThan(64);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const crowded = /acc_http_connections_closed_total\{why="crowded"\} (\d+)/.exec(text)?.[1];
    expect(Number(crowded)).toBeGreaterThan(1_500);
    await idlers.stop();
    await other.stop();
  }, 120_000);
});

describe('ten thousand idle connections', () => {
  test('cost little, and a client keeps its own through all of it', { timeout: 120_000 }, async () => {
    const pid = service.processes.get('api')?.pid ?? 0;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const token = await service.token('upstream');
    const askHonestly = () => crowd.ask('/api/send/status', { token, agent });
    let connections = 0;
    const create = agent.createConnection.bind(agent);
    agent.createConnection = (...given) => {
      connections += 1;
      return create(...given);
    };
    expect(await askHonestly()).toBe(200);
    const beforeMb = readResidentMb(pid);
    for (let batch = 0; batch < 20; batch += 1) {
      await Promise.all(Array.from({ length: 500 }, () => crowd.connect('', { reads: true })));
      expect(await askHonestly()).toBe(200);
    }
    expect(readResidentMb(pid) - beforeMb).toBeLessThan(64);
    expect(connections, 'on one connection all the time').toBe(1);
    const { text } = (await service.call('/metrics', { token: null })).body;
    const crowded = /acc_http_connections_closed_total\{why="crowded"\} (\d+)/.exec(String(text))?.[1];
    expect(Number(crowded)).toBeGreaterThan(7_000);
    agent.destroy();
  });
});
