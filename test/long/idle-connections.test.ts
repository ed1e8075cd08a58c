import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Crowd, gatherCrowd, readResidentMb } from '../support/crowd.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
let crowd: Crowd;
beforeAll(async () => {
  service = await startService({ processes: ['api'] });
  crowd = gatherCrowd(service.url);
});
afterAll(async () => {
  await crowd?.disperse();
  await service?.stop();
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
