import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import { askEvent, findBreaches, resendEvent, waitForRest } from '../faults/invariants.ts';
import { redisServer, whyNoPreload, writeLauncher } from '../support/preload/preload.ts';
import { createSteppedClock, type SteppedClock } from '../support/preload/stepped-clock.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const obstacle = await whyNoPreload();
const hourMs = 3_600_000;

let dir = '';
let clock: SteppedClock;
let redis: Redis | undefined;
let smtp: ScriptedSmtp | undefined;
let service: Service | undefined;

beforeEach(async (context) => {
  context.skip(obstacle !== undefined, obstacle);
  dir = await mkdtemp(join(tmpdir(), 'clock-steps-'));
  clock = await createSteppedClock(dir, 'wrong');
  smtp = await startScriptedSmtp();
});
afterEach(async () => {
  await service?.stop();
  await redis?.stop();
  await smtp?.close();
  await clock?.close();
  await rm(dir, { recursive: true, force: true });
});

test('ING-8: workers whose clocks step an hour either way send nothing early and let nothing expire early', async () => {
  const { api, provider } = await startWith({});
  for (const kind of ['planner', 'guard', 'sender'] as const)
    await api.startProcess(kind, kind, clock.environment);
  const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
  const early = await api.post({ ...askEvent('early'), send_at: inMinutes(30), not_after: inMinutes(45) });
  const acknowledged = [early];
  for (const stepMs of [hourMs, -hourMs, 0]) {
    await clock.stepTo(stepMs);
    const key = `at-${stepMs}`;
    const event = await api.post({ ...askEvent(key), not_after: inMinutes(30) }, key);
    acknowledged.push(event);
    await api.waitForMessages(event, ['sent'], 20_000);
    const [waiting] = await api.waitForMessages(early, ['queued'], 20_000);
    expect(waiting?.state).toBe('queued');
  }
  expect(provider.messages).toHaveLength(3);
  const [waiting] = await api.waitForMessages(early, ['queued']);
  await api.call(`/api/messages/${waiting?.message_id}`, { method: 'DELETE' });
  expect(await findBreaches(api, { acknowledged, received: provider.messages })).toEqual([]);
}, 90_000);

test('ING-8: a retry of a worker whose clock is an hour off comes when it is due', async () => {
  const { api, provider } = await startWith({});
  for (const kind of ['planner', 'guard', 'sender'] as const)
    await api.startProcess(kind, kind, clock.environment);
  for (const stepMs of [hourMs, -hourMs]) {
    await clock.stepTo(stepMs);
    provider.play({ mail: { reply: '450 4.2.1 try again' } });
    const event = await api.post(askEvent(`retry-${stepMs}`));
    await api.waitForMessages(event, ['retrying'], 20_000);
    provider.play({});
    const [message] = await api.waitForMessages(event, ['sent'], 60_000);
    expect(message?.state).toBe('sent');
  }
}, 120_000);

test('REL-1: a store whose clock steps an hour either way under traffic loses nothing and sends nothing twice', async () => {
  redis = await startRedis({
    dir,
    port: 0,
    program: await writeLauncher(dir, redisServer, clock.environment),
  });
  const { api, provider } = await startWith({ redisUrl: redis.url });
  for (const kind of ['planner', 'guard', 'sender', 'sender'] as const) await api.startProcess(kind);
  const acknowledged: string[] = [];
  for (const stepMs of [hourMs, 0, -hourMs, 0, hourMs]) {
    const poster = postMany(api, `at-${acknowledged.length}`, acknowledged);
    const before = provider.messages.length;
    await waitFor(
      'messages leave',
      () => provider.messages.length,
      (count) => count > before,
      { deadlineMs: 20_000 },
    );
    await clock.stepTo(stepMs);
    await poster;
  }
  await waitForRest(api, 60_000);
  const breaches = await findBreaches(api, {
    acknowledged,
    received: provider.messages,
    copiesMax: ({ type }) => (type === 'receipt' ? 2 : 1),
  });
  expect(breaches).toEqual([]);
  // A claim in flight when the clock leaps has lapsed by it: nobody knows of that message, which is said, and is rare.
  const states: string[] = [];
  for (const event of acknowledged)
    for (const { state } of await api.waitForMessages(event, ['sent', 'unknown'])) states.push(state);
  const sent = states.filter((state) => state === 'sent').length;
  expect(provider.messages.length).toBeGreaterThanOrEqual(sent);
  expect(sent).toBeGreaterThan(acknowledged.length * 0.9);
}, 120_000);

async function startWith({ redisUrl }: { redisUrl?: string }) {
  const provider = smtp ?? (await startScriptedSmtp());
  const api = await startService({
    processes: ['api'],
    environment: { SMTP_URL: `smtp://127.0.0.1:${provider.port}`, ATTEMPT_TIMEOUT_SECONDS: '2' },
    ...(redisUrl === undefined ? {} : { redisUrl }),
  });
  service = api;
  return { provider, api };
}

async function postMany(api: Service, prefix: string, acknowledged: string[]): Promise<void> {
  for (let count = 0; count < 40; count += 1) {
    const key = `${prefix}-${count}`;
    const event = count % 4 === 0 ? resendEvent(key) : askEvent(key);
    const answer = await waitFor(
      'the event is accepted',
      () => api.call('/api/events', { json: event }),
      ({ status }) => status === 202,
    );
    acknowledged.push(String(answer.body['event_id']));
  }
}
