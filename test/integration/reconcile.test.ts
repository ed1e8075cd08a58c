import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readQueueStatus } from '../../src/deliver/queue-status.ts';
import { type ReconcileReport, reconcile } from '../../src/deliver/reconcile.ts';
import { type ClientId, shardOf, toEventId, toMessageId } from '../../src/domain/ids.ts';
import { createMessageDecisions } from '../../src/gate/message-decisions.ts';
import { createAcceptEvent } from '../../src/ingest/accept-event.ts';
import { createLog } from '../../src/observe/log.ts';
import { readDepths } from '../../src/queue/count-jobs.ts';
import type { IndexEntry } from '../../src/store/walk-index.ts';
import { type ClockedRedis, connectClocked } from '../support/clocked-redis.ts';
import { type OperatorApi, startOperatorApi } from '../support/operator-api.ts';

let api: OperatorApi;
let clock: ClockedRedis;
const lines: string[] = [];
const hourMs = 3_600_000;

beforeAll(async () => {
  api = await startOperatorApi();
  clock = connectClocked(api.url);
});
afterAll(async () => {
  clock.redis.disconnect();
  await api.stop();
});

const places = new Map<string, IndexEntry>();

/** A run at this instant of the store's clock. */
async function run(nowMs = Date.now()): Promise<ReconcileReport> {
  await clock.setNow(nowMs);
  const { redis } = clock;
  const { keys } = api;
  return await reconcile({
    redis,
    keys,
    jobs: api.jobs,
    permits: api.gate.permits,
    decisions: createMessageDecisions({ redis, keys, retentionMs: 72 * hourMs }),
    findPolicy: () => 'ask',
    ageMs: 1_000,
    retentionMs: 72 * hourMs,
    walkMs: 5_000,
    places,
    log: createLog({
      level: 'info',
      service: 'test',
      version: '0',
      destination: { write: (line) => void lines.push(line) },
    }),
  });
}

describe('the reconciler', () => {
  test('an open message without a job is queued, and one with a job is left alone', async () => {
    const lost = await api.seedMessage();
    const known = await api.seedMessage();
    await api.jobs.addMessageJob({ id: known, channel: 'email', generation: 1, dueAt: 0 });
    const report = await run(Date.now() + 5_000);
    expect(report.requeued).toBe(1);
    expect((await api.readJobs()).waiting).toBe(2);
    expect((await run(Date.now() + 50_000)).requeued).toBe(0);
    expect((await api.read(lost)).state).toBe('queued');
  });

  test('an event whose job was never added counts as waiting, and whoever sends it again gets it its job', async () => {
    const { redis, keys, jobs } = api;
    const options = { redis, keys, mode: 'testing', idempotencyMs: hourMs, now: Date.now } as const;
    const accept = createAcceptEvent({ ...options, jobs });
    const request = {
      client: 'scholar' as ClientId,
      idempotencyKey: 'once',
      event: { type: 'welcome', data: {} },
      requestId: 'r',
    };
    const forgets = { ...jobs, addEventJob: () => undefined };
    expect(await createAcceptEvent({ ...options, jobs: forgets })(request)).toMatchObject({
      kind: 'accepted',
    });
    expect((await readDepths(api)).events.waiting).toBe(0);
    const status = { redis, keys, now: Date.now };
    expect((await readQueueStatus(status)).queues.events).toMatchObject({ waiting: 1, active: 0 });

    expect(await accept(request)).toMatchObject({ kind: 'replayed' });
    await expect.poll(async () => (await readDepths(api)).events.waiting).toBe(1);
    expect((await readQueueStatus(status)).queues.events.waiting).toBe(1);
    await accept(request);
    expect((await readDepths(api)).events.waiting).toBe(1);
  });

  test('a job that a wrong clock has put to sleep for an hour is woken, and one that waits a moment is not', async () => {
    const [stranded, waiting] = [await api.seedMessage(), await api.seedMessage()];
    const add = (id: typeof stranded, inMs: number): Promise<void> =>
      api.jobs.addMessageJob({ id, channel: 'email', generation: 1, dueAt: Date.now() + inMs });
    await add(stranded, hourMs);
    await add(waiting, 30_000);
    const before = await api.readJobs();
    expect((await run(Date.now() + 5_000)).requeued).toBe(1);
    const after = await api.readJobs();
    expect(after).toMatchObject({ delayed: before.delayed - 1, waiting: before.waiting + 1 });
  });

  test('a backlog is walked a batch at a time, and what was looked at stays as old as it is', async () => {
    const old = Date.now() - 100_000;
    const id = await api.seedMessage();
    const { messagesOpen } = api.keys.of(id);
    await api.redis.zadd(messagesOpen, old, id);
    // Behind more than one batch of others, whose records are no longer there.
    const gone = Array.from({ length: 600 }, (_, count) => [
      old - 1,
      toMessageId(shardOf(id), String(count).padStart(24, 'z')),
    ]);
    await api.redis.zadd(messagesOpen, ...gone.flat());
    const before = (await api.readJobs()).waiting;
    for (let runs = 0; runs < 3; runs += 1) await run();
    expect((await api.readJobs()).waiting).toBe(before + 1);
    expect(await api.redis.zscore(messagesOpen, id)).toBe(String(old));
  });

  test('a held message past its not_after expires, and one before it stays, however many are held', async () => {
    const past = Date.now() + hourMs;
    const ids = [];
    for (let count = 0; count < 12; count += 1) ids.push(await api.seedHeld('stopped', { notAfter: past }));
    const stays = await api.seedHeld('stopped', { notAfter: past + 2 * hourMs });
    const open = await api.seedHeld('stopped');
    expect((await run(past + 1)).expired).toBe(12);
    for (const id of ids) expect((await api.read(id)).state).toBe('expired');
    expect((await api.read(stays)).state).toBe('held');
    expect((await api.read(open)).state).toBe('held');
  });

  test('O8: what has ended retires faster than any intake: thousands in one run', async () => {
    const { eventsPlanned } = api.keys.shard(0);
    const old = Date.now() - 73 * hourMs;
    const ended = Array.from({ length: 5_000 }, (_, count) => [
      old,
      toEventId(0, String(count).padStart(24, 'e')),
    ]);
    await api.redis.zadd(eventsPlanned, ...ended.flat());
    const begun = performance.now();
    await run();
    const perSecond = 5_000 / ((performance.now() - begun) / 1_000);
    expect(await api.redis.zcard(eventsPlanned)).toBe(0);
    // A run begins every 15 s, and did 500 of them once.
    expect(perSecond).toBeGreaterThan(500);
  });

  test('a claim whose worker died becomes unknown, and is never taken for "not sent"', async () => {
    const id = await api.seedMessage();
    await api.claim(id);
    expect((await run(Date.now() + 5_000)).lapsed).toBe(0);
    await api.redis.hset(api.keys.of(id).message(id), 'deadline', Date.now() - 1);
    await api.redis.zadd(api.keys.of(id).messagesOpen, Date.now() - 10_000, id);
    expect((await run()).lapsed).toBe(1);
    expect((await api.read(id)).state).toBe('unknown');
  });

  test('a record that cannot be read is reported, and the others are settled all the same', async () => {
    const broken = await api.seedMessage();
    const good = await api.seedMessage();
    await api.redis.hset(api.keys.of(broken).message(broken), 'channel', 'pigeon');
    const before = lines.length;
    const report = await run(Date.now() + 500_000);
    expect(report.requeued, lines.slice(before).join('')).toBeGreaterThanOrEqual(1);
    expect(lines.slice(before).join('')).toContain(broken);
    expect((await api.read(good)).state).toBe('queued');
    await api.redis.hset(api.keys.of(broken).message(broken), 'channel', 'email');
  });
});
