import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import {
  askEvent,
  countCopies,
  findBreaches,
  postBatch,
  resendEvent,
  waitForRest,
} from '../faults/invariants.ts';
import { startCuttableProxy } from '../support/cuttable-proxy.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, type ServiceProcess, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const frozenRedisMs = 4_000;

let dir = '';
let redis: Redis;
let smtp: ScriptedSmtp;
let service: Service;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'freeze-'));
  redis = await startRedis({ dir, port: 0 });
  smtp = await startScriptedSmtp();
  service = await startService({
    redisUrl: redis.url,
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      ATTEMPT_TIMEOUT_SECONDS: '1',
      SEND_CONCURRENCY: '4',
    },
    processes: ['planner', 'guard', 'api'],
  });
});
afterEach(async () => {
  await service?.stop();
  await smtp?.close();
  await redis?.stop();
  await rm(dir, { recursive: true, force: true });
});

test('DLV-3: a sender frozen with a permit in its hands sends nothing when it wakes up after its claim lapsed', async () => {
  const proxy = await startCuttableProxy(redis.port);
  const sleeper = await service.startProcess('sender', 'sleeper', {
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    // It must not be its impatience with Redis that saves the day.
    REDIS_COMMAND_TIMEOUT_MS: '60000',
  });
  proxy.beforeAnswer('\r\ngo\r\n', () => sleeper.signal('SIGSTOP'));
  const id = await service.post(askEvent('permit'), 'permit');
  await service.waitForMessages(id, ['unknown'], 20_000);
  sleeper.signal('SIGCONT');
  await waitForAttempt(sleeper, '"outcome":"aborted"');
  expect(smtp.bodiesBegunAtMs).toHaveLength(0);
  expect(await findBreaches(service, { acknowledged: [id], received: smtp.messages })).toEqual([]);
  await proxy.close();
}, 60_000);

test('DLV-3: a sender frozen before its body stays behind the one that sent the message meanwhile', async () => {
  let sleeper: ServiceProcess | undefined;
  smtp.play({
    data: () => {
      sleeper?.signal('SIGSTOP');
      return undefined;
    },
  });
  sleeper = await service.startProcess('sender', 'sleeper');
  const id = await service.post(resendEvent('body'), 'body');
  await service.waitForMessages(id, ['claimed']);
  await waitFor(
    'the sender is at DATA',
    () => smtp.commands.includes('DATA'),
    (reached) => reached,
  );
  smtp.play({});
  await service.startProcess('sender', 'awake');
  await service.waitForMessages(id, ['sent'], 30_000);
  sleeper.signal('SIGCONT');
  await waitForAttempt(sleeper, '"msg":"attempt ');
  expect(smtp.bodiesBegunAtMs).toHaveLength(1);
  expect(await findBreaches(service, { acknowledged: [id], received: smtp.messages })).toEqual([]);
}, 60_000);

test('DLV-3: a sender frozen while the provider takes the message leaves it unknown or sent, never sent twice', async () => {
  let sleeper: ServiceProcess | undefined;
  smtp.play({
    dot: () => {
      sleeper?.signal('SIGSTOP');
      return undefined;
    },
  });
  sleeper = await service.startProcess('sender', 'sleeper');
  const id = await service.post(askEvent('dot'), 'dot');
  await service.waitForMessages(id, ['unknown'], 30_000);
  smtp.play({});
  sleeper.signal('SIGCONT');
  await waitForAttempt(sleeper, '"msg":"attempt ');
  await service.startProcess('sender', 'awake');
  const [message] = await service.waitForMessages(id, ['unknown', 'sent']);
  expect(message).toBeDefined();
  expect([...countCopies(smtp.messages).values()]).toEqual([1]);
}, 60_000);

test('REL-1: a Redis frozen for seconds under load costs no message and doubles none', async () => {
  for (const name of ['one', 'two']) await service.startProcess('sender', name);
  const acknowledged = await postLoad('freeze', 6);
  await waitForSome(20);
  process.kill(redis.pid, 'SIGSTOP');
  const frozenAt = performance.now();
  await waitFor(
    'Redis has been frozen long enough',
    () => performance.now() - frozenAt,
    (ms) => ms > frozenRedisMs,
  );
  process.kill(redis.pid, 'SIGCONT');
  await waitForRest(service, 60_000);
  expect(await findBreaches(service, { acknowledged, received: smtp.messages })).toEqual([]);
}, 120_000);

test('REL-1: a Redis killed and restarted under load costs no message and doubles none', async () => {
  for (const name of ['one', 'two']) await service.startProcess('sender', name);
  const acknowledged = await postLoad('restart', 6);
  await waitForSome(20);
  process.kill(redis.pid, 'SIGKILL');
  await redis.exited;
  redis = await startRedis({ dir, port: redis.port });
  await waitForRest(service, 60_000);
  expect(await findBreaches(service, { acknowledged, received: smtp.messages })).toEqual([]);
}, 120_000);

async function postLoad(name: string, batches: number): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    const events = Array.from({ length: 50 }, (_, index) => askEvent(`${name}-${batch}-${index}`));
    acknowledged.push(...(await postBatch(service, events)));
  }
  return acknowledged;
}

async function waitForSome(count: number): Promise<void> {
  await waitFor(
    'mail flows',
    () => smtp.messages.length,
    (length) => length >= count,
    { deadlineMs: 20_000 },
  );
}

async function waitForAttempt(sender: ServiceProcess, words: string): Promise<void> {
  await waitFor(
    `${sender.name} has written its attempt down`,
    () => sender.lastLines().slice(-5),
    (lines) => lines.some((line) => line.includes(words)),
    { deadlineMs: 15_000 },
  );
}
