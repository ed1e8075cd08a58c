import { afterEach, expect, test } from 'vitest';
import { anEvent, type ProcessKind, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

let service: Service | undefined;
afterEach(async () => {
  await service?.stop();
  service = undefined;
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<Service> {
  service = await startService({ environment: { PROOF_OF_LIFE_SECONDS: '1', ...environment } });
  return service;
}

/** What the guard has written down of it. */
async function readProof(of: Service): Promise<Readonly<Record<string, string>>> {
  return await of.redis.hgetall(of.keys.shard(0).proof);
}

/** Waits until one more proof has come back. */
async function waitForProof(of: Service): Promise<void> {
  const { doneAt: before } = await readProof(of);
  await waitFor(
    'one more proof of life',
    () => readProof(of),
    ({ doneAt }) => doneAt !== undefined && doneAt !== before,
    { deadlineMs: 15_000 },
  );
}

async function waitForCheck(of: Service, ok: boolean): Promise<string> {
  const seen = await waitFor(
    `proof_of_life ok: ${ok}`,
    async () =>
      (await of.call('/readyz?verbose', { token: null })).body['checks'] as Record<
        string,
        { ok: boolean; detail: string }
      >,
    (checks) => checks['proof_of_life']?.ok === ok,
    { deadlineMs: 20_000 },
  );
  return seen['proof_of_life']?.detail ?? '';
}

test.each(['1', '4'])(
  'with %s shard(s) it comes back, counts nowhere, and leaves nothing behind',
  async (SHARDS) => {
    const live = await start({ SHARDS, RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_MINUTE: '1' });
    await waitForProof(live);
    await waitForProof(live);
    await waitForProof(live);

    const { body } = await live.call('/api/queue/status');
    expect(Object.values(body['messages'] as Record<string, number>).every((count) => count === 0)).toBe(
      true,
    );
    const metrics = String((await live.call('/metrics', { token: null })).body['text']);
    expect(metrics).toMatch(/^acc_proof_of_life_age_seconds [\d.]+$/m);
    expect(metrics).not.toMatch(/^acc_events_accepted_total/m);
    expect(await live.redis.keys('acc:{s00}:window:*')).toEqual([]);
    expect(await live.redis.keys('acc:{s00}:recipient:*')).toEqual([]);
    expect(await live.redis.keys('acc:{s00}:cap:*')).toEqual([]);
    expect(await live.redis.llen('acc:{s00}:decisions')).toBe(0);
    // Of its own records at most those of the one under way are there.
    expect((await live.redis.keys('acc:proof:{s00}:event:*')).length).toBeLessThanOrEqual(1);
    expect((await live.redis.keys('acc:proof:{s00}:message:*')).length).toBeLessThanOrEqual(2);
    const canary = (await live.call('/canary', { token: null })).body;
    expect([canary['status'], canary['dependencies_ok']]).toEqual(['ok', true]);
  },
);

test('nobody can post one', async () => {
  const live = await start();
  const answer = await live.call('/api/events', {
    json: { ...anEvent(), type: 'proof_of_life', data: {}, idempotency_key: 'mine' },
  });
  expect(answer.status).toBe(422);
  expect(answer.body['code']).toBe('unknown-event-type');
});

test.each<[string, Readonly<Record<string, string>>]>([
  ['a rehearsal', { APP_MODE: 'dry_run' }],
  ['sending disabled', { DISABLE_SEND: 'true' }],
  ['an emergency stop', { EMERGENCY_STOP: 'true' }],
])('it comes back in %s', async (_what, environment) => {
  const live = await start(environment);
  await waitForProof(live);
  expect(await waitForCheck(live, true)).toContain('last proof');
});

test('a stop does not hold it; a pause of consumers is said and is no fault', async () => {
  const live = await start();
  await live.call('/api/control/send', { method: 'PUT', json: { enabled: false, reason: 'test' } });
  await waitForProof(live);
  await waitForProof(live);
  const held = (await live.call('/api/queue/status')).body['messages'] as Record<string, number>;
  expect(held['held']).toBe(0);

  await live.call('/api/control/consumers', { method: 'PUT', json: { paused: true, reason: 'test' } });
  await waitFor(
    'the pause is seen',
    () => readProof(live),
    ({ paused }) => paused === 'yes',
  );
  const { doneAt } = await readProof(live);
  await waitFor(
    'the proof is older than its limit',
    () => Promise.resolve(Date.now() - Number(doneAt)),
    (age) => age > 8_500,
    { deadlineMs: 15_000 },
  );
  expect(await waitForCheck(live, true)).toContain('not due: consumers are paused');

  const { epoch } = (await live.call('/api/control')).body;
  await live.call('/api/control/consumers', {
    method: 'PUT',
    json: { paused: false, reason: 'test', epoch },
  });
  await waitForProof(live);
});

test.each<ProcessKind>(['planner', 'sender', 'guard'])(
  'a frozen %s turns it red, and it recovers with it',
  async (kind) => {
    const live = await start();
    await waitForProof(live);
    expect(await waitForCheck(live, true)).toContain('last proof');
    live.processes.get(kind)?.signal('SIGSTOP');

    expect(await waitForCheck(live, false)).toContain('stuck');
    const canary = (await live.call('/canary', { token: null })).body;
    expect([canary['status'], canary['dependencies_ok']]).toEqual(['degraded', false]);
    // However long it takes, one job waits and not a row of them.
    const { body } = await live.call('/api/queue/status');
    const queues = Object.values(body['queues'] as Record<string, { waiting: number; active: number }>);
    expect(queues.reduce((sum, { waiting, active }) => sum + waiting + active, 0)).toBeLessThanOrEqual(2);

    live.processes.get(kind)?.signal('SIGCONT');
    await waitForProof(live);
    await waitForCheck(live, true);
  },
);
