import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import { anEvent, type Service, startService } from '../support/service.ts';

/** O10: a process that is asked to end while the store is away ends in time, and as one that was asked to. */
let dir = '';
let redis: Redis;
let service: Service | undefined;
let comeBack: (() => void) | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'acc-ending-'));
  redis = await startRedis({ dir, port: 0 });
});
afterEach(async () => {
  await service?.stop();
  comeBack?.();
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

test.each([
  ['deaf', 'SIGSTOP'],
  ['gone', 'SIGKILL'],
] as const)('every process ends with 0 while the store is %s', async (_how, signal) => {
  const kinds = ['api', 'planner', 'sender', 'guard'] as const;
  service = await startService({
    processes: [...kinds],
    redisUrl: redis.url,
    environment: { DRAIN_SECONDS: '10' },
  });
  await service.post(anEvent());
  process.kill(redis.pid, signal);
  comeBack = signal === 'SIGSTOP' ? () => process.kill(redis.pid, 'SIGCONT') : undefined;
  const processes = [...service.processes.values()];
  for (const one of processes) one.signal('SIGTERM');
  const ends = await Promise.all(
    processes.map(async (one) => {
      const how = await one.exited;
      return [one.name, how, one.lastLines().filter((line) => line.includes('did not stop'))] as const;
    }),
  );
  expect(ends).toEqual(processes.map(({ name }) => [name, 'exit code 0', []]));
});
