import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { toEventId } from '../../src/domain/ids.ts';
import { finishEvent } from '../../src/plan/finish-event.ts';
import { readDepths } from '../../src/queue/count-jobs.ts';
import { type OperatorApi, seededAddresses, startOperatorApi } from '../support/operator-api.ts';

let api: OperatorApi;
beforeAll(async () => {
  api = await startOperatorApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  await api.ask('POST', '/api/dead-letters/discard', { filter: {}, preview: false, reason: 'clean' });
});

let events = 0;

/** An event that could not be planned. */
async function seedDeadEvent(reason = 'recipient-not-found') {
  events += 1;
  const id = toEventId(0, `dead${String(events).padStart(20, '0')}`);
  const keys = api.keys.of(id);
  const fields = {
    state: 'accepted',
    client: 'upstream',
    type: 'welcome',
    mode: 'testing',
    receivedAt: Date.now(),
  };
  await api.redis.hset(keys.event(id), { ...fields, body: '{"type":"welcome","data":{}}' });
  const deps = { redis: api.redis, keys: api.keys, retentionMs: 86_400_000 };
  await finishEvent(deps, id, { from: 'accepted', to: 'dead', reason });
  return id;
}

describe('listing', () => {
  test('dead messages and dead events are shown with reason, attempts, error and times', async () => {
    const message = await api.seedDead();
    const event = await seedDeadEvent();
    const { items } = (await api.ask('GET', '/api/dead-letters')).body;
    expect(items.map((item: { id: string }) => item.id)).toEqual([message, event]);
    expect(items[0]).toMatchObject({
      kind: 'message',
      reason: 'refused',
      attempts: 0,
      to: 's***@example.com',
      last_error: '550 no such user <s***@example.com>',
    });
    expect(items[1]).toMatchObject({ kind: 'event', reason: 'recipient-not-found', event_id: event });
    expect(Date.parse(items[0].last_at)).toBeGreaterThanOrEqual(Date.parse(items[0].first_at));
  });

  test('a filter and pages work across messages and events', async () => {
    const ids = [await api.seedDead(), await api.seedDead(), await seedDeadEvent(), await seedDeadEvent()];
    const met: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.ask('GET', `/api/dead-letters?limit=1${cursor}`);
      met.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.next_cursor === undefined ? '' : `&cursor=${body.next_cursor}`;
    } while (cursor !== '');
    expect(met).toEqual(ids);
    const only = async (query: string) =>
      (await api.ask('GET', `/api/dead-letters?${query}`)).body.items.length;
    expect(await only('kind=event')).toBe(2);
    expect(await only('channel=email')).toBe(2);
    expect(await only('reason=refused')).toBe(2);
  });
});

describe('replaying', () => {
  test('queues a message anew, with its attempts and its horizon from the beginning', async () => {
    const id = await api.seedDead({ attempts: 4, firstAttemptAt: 1_000 });
    const { body } = await api.ask('POST', '/api/dead-letters/replay', {
      ids: [id],
      preview: false,
      reason: 'fixed',
    });
    expect(body).toMatchObject({ replayed: 1, failed: [] });
    const record = await api.read(id);
    expect(record).toMatchObject({ state: 'queued', attempts: 0, generation: 2 });
    expect(record.firstAttemptAt).toBeUndefined();
    expect(await api.redis.ttl(api.keys.of(id).message(id))).toBe(-1);
  });

  test('has a dead event planned once more', async () => {
    const id = await seedDeadEvent();
    const before = (await readDepths(api)).events.waiting;
    const { body } = await api.ask('POST', '/api/dead-letters/replay', {
      ids: [id],
      preview: false,
      reason: 'found',
    });
    expect(body).toMatchObject({ replayed: 1 });
    expect(await api.redis.hget(api.keys.of(id).event(id), 'state')).toBe('accepted');
    expect((await readDepths(api)).events.waiting).toBe(before + 1);
  });

  test('never queues what is known to have been sent, nor what is too late, and reports both', async () => {
    const sent = await api.seedDead({ lateSent: Date.now() });
    const late = await api.seedDead({ notAfter: Date.now() - 1 });
    const fine = await api.seedDead();
    const { body } = await api.ask('POST', '/api/dead-letters/replay', {
      filter: {},
      preview: false,
      reason: 'all',
    });
    expect(body).toMatchObject({ replayed: 1, skipped: { sent_before: 1, expired: 1 } });
    expect(body.failed).toContainEqual({ id: sent, why: 'sent_before' });
    expect(body.failed).toContainEqual({ id: late, why: 'expired' });
    const states = await Promise.all([sent, late, fine].map(async (id) => (await api.read(id)).state));
    expect(states).toEqual(['dead', 'dead', 'queued']);
  });

  test('reports ids that are no dead letters, and takes either ids or a filter', async () => {
    const queued = await api.seedMessage();
    const order = { ids: [queued, 'nonsense'], preview: false, reason: 'these' };
    expect((await api.ask('POST', '/api/dead-letters/replay', order)).body).toMatchObject({
      replayed: 0,
      failed: [
        { id: queued, why: 'not_found' },
        { id: 'nonsense', why: 'not_found' },
      ],
    });
    expect((await api.ask('POST', '/api/dead-letters/replay', { reason: 'what?' })).status).toBe(422);
  });

  test('only shows what it would do, unless told', async () => {
    const id = await api.seedDead();
    const { body } = await api.ask('POST', '/api/dead-letters/replay', { filter: {}, reason: 'look' });
    expect(body).toMatchObject({ preview: true, matched: 1, replayed: 0, by_type: { welcome: 1 } });
    expect((await api.read(id)).state).toBe('dead');
  });
});

test('a discard ends messages and events, and no replay brings them back', async () => {
  const ids = [await api.seedDead(), await seedDeadEvent()];
  const order = { ids, preview: false, reason: 'wrong list' };
  expect((await api.ask('POST', '/api/dead-letters/discard', order)).body).toMatchObject({ discarded: 2 });
  expect((await api.ask('GET', '/api/dead-letters')).body.items).toEqual([]);
  expect((await api.ask('POST', '/api/dead-letters/replay', order)).body).toMatchObject({ replayed: 0 });
  const { lines } = (await api.ask('GET', '/api/audit?limit=10')).body;
  expect(lines.map((line: { action: string }) => line.action)).toContain('discard dead letters: done');
});

test('no answer ever held an address', () => {
  for (const address of seededAddresses)
    expect(api.seen.filter((text) => text.includes(address))).toEqual([]);
});
